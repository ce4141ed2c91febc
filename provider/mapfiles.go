package provider

import (
	"bytes"
	"errors"
	"iter"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// MapFile is one link of /proc/PID/map_files: a mapping of a file.
type MapFile struct {
	Start, End uint64 // addresses; End is the first one beyond

	// Target is the file's path, with " (deleted)" after it where the file no
	// longer has that name (see [Process.Unlinked]). Nothing in it is escaped,
	// and it need not be UTF-8.
	Target string
}

// MapFiles walks /proc/PID/map_files, the mappings of files (3.3 with
// CONFIG_CHECKPOINT_RESTORE, 4.3 always). It takes the right to inspect the
// process (PTRACE_MODE_READ_FSCREDS). A mapping that is gone before its link is
// read is passed over: it is no longer one. A kernel thread has none, which is
// no error.
func (p *Process) MapFiles() iter.Seq2[MapFile, error] {
	return func(yield func(MapFile, error) bool) {
		seen := false
		err := p.fs.entries(p.fd, "map_files", func(name []byte) bool {
			m, ok := parseMapFile(name)
			if !ok {
				return true // "." and ".."
			}
			seen = true
			err := p.mapFile(&m)
			return err == unix.ENOENT || yield(m, err)
		})
		if err == nil && !seen {
			err = p.noFiles()
		}
		if err != nil {
			yield(MapFile{}, p.fail("readdir", "map_files", p.missing("map_files", err)))
		}
	}
}

// mapFile reads the link; ENOENT where the mapping, but not the process, is gone.
func (p *Process) mapFile(m *MapFile) (err error) {
	var room [mapFileRoom]byte
	name := mapFileName(&room, m.Start, m.End)
	m.Target, err = p.fs.readlinkat(p.fd, string(name))
	if isMissing(err) && p.Alive() == nil {
		return unix.ENOENT
	}
	if err != nil {
		*m = MapFile{}
		return p.fail("readlink", string(name), p.missing("map_files", err))
	}
	return nil
}

// noFiles is nil where no links are there because no files are mapped.
func (p *Process) noFiles() error {
	f, err := p.OpenMaps()
	if errors.Is(err, ErrNotSupported) { // a kernel thread
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

const mapFileRoom = len("map_files/") + 16 + 1 + 16

func mapFileName(room *[mapFileRoom]byte, start, end uint64) []byte {
	b := append(room[:0], "map_files/"...)
	b = append(strconv.AppendUint(b, start, 16), '-')
	return strconv.AppendUint(b, end, 16)
}

// parseMapFile reads "start-end".
func parseMapFile(name []byte) (m MapFile, ok bool) {
	first, last, _ := bytes.Cut(name, []byte("-"))
	start, n := hexadecimal(first)
	end, n2 := hexadecimal(last)
	if n == 0 || n != len(first) || n2 == 0 || n2 != len(last) {
		return MapFile{}, false
	}
	return MapFile{Start: start, End: end}, true
}

// Unlinked reports whether the file of a mapping no longer has the name that
// Path says: whether a " (deleted)" at its end is the kernel's, and not part of
// the name of a file that is there. It looks whether that very path leads to
// the file that is mapped, from our root directory and from the process's, with
// no symbolic link on the way; so it may take as long as those file systems
// like. Any mapping without that ending is false at once.
//
// The file is known by its link in map_files. To follow that takes
// CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN; without them the device and inode of
// m must do, which on a few file systems (btrfs) are not those of stat(2), so
// that a file really named so counts as unlinked.
func (p *Process) Unlinked(m *Mapping) (bool, error) {
	if !bytes.HasSuffix(m.Path, []byte(deletedSuffix)) || m.Path[0] != '/' {
		return false, nil
	}
	file := MapFile{Start: m.Start, End: m.End}
	switch err := p.mapFile(&file); {
	case err == unix.ENOENT: // unmapped since
		return false, p.fail("readlink", "map_files", err)
	case err != nil:
		return false, err
	case !strings.HasSuffix(file.Target, deletedSuffix):
		return false, nil
	}
	dev, ino := p.mappedFile(m)
	return !p.reaches(file.Target, dev, ino), nil
}

// mappedFile identifies the file of a mapping.
func (p *Process) mappedFile(m *Mapping) (dev, ino uint64) {
	var room [mapFileRoom]byte
	var st unix.Stat_t
	if fstatat(p.fd, string(mapFileName(&room, m.Start, m.End)), &st, 0) != nil {
		return unix.Mkdev(m.Dev.Major, m.Dev.Minor), m.Inode
	}
	return st.Dev, st.Ino
}
