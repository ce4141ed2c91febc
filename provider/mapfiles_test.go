package provider

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// checkMapFiles compares the links with the mappings that have a path.
func checkMapFiles(p *Process) error {
	return steady(p, "maps", func(raw []byte) error {
		links := map[string]string{}
		for m, err := range p.MapFiles() {
			if err != nil {
				return err
			}
			links[fmt.Sprintf("%08x-%08x", m.Start, m.End)] = m.Target
		}
		n := 0
		for _, line := range naiveMaps(raw) {
			fields := strings.SplitN(line, " ", 6)
			link, ok := links[fields[0]]
			if path := fields[5]; ok != (path != "" && path[0] != '[') || strings.ReplaceAll(link, "\n", `\012`) != path && ok {
				return fmt.Errorf("%w: %s: %q, %v", errDiffers, line, link, ok)
			}
			if ok {
				n++
			}
		}
		if n != len(links) {
			return fmt.Errorf("%w: %d links, of %d the text says", errDiffers, len(links), n)
		}
		return nil
	})
}

func TestMapFiles(t *testing.T) {
	p := pin(t, openProc(t), start(t).pid)
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	leaksNothing(t, "MapFiles", func() {
		for m, err := range p.MapFiles() {
			if err != nil || m.Start >= m.End {
				t.Fatalf("%+v, %v", m, err)
			}
			if m.Target == exe {
				n++
				break // which closes what is open
			}
		}
	})
	if n == 0 {
		t.Error("the executable is not mapped")
	}
}

func TestParseMapFile(t *testing.T) {
	if m, ok := parseMapFile([]byte("7f0e16a79000-ffffffffffffffff")); !ok || m.Start != 0x7f0e16a79000 || m.End != 1<<64-1 {
		t.Errorf("%+v, %v", m, ok)
	}
	for _, name := range []string{"", ".", "..", "-", "1", "1-", "-1", "1-2-3", "x-1", "1-x", "1-11111111111111111"} {
		if m, ok := parseMapFile([]byte(name)); ok || m != (MapFile{}) {
			t.Errorf("%q: %+v", name, m)
		}
	}
}

// Without the right to follow the links of map_files, and for a mapping that
// is no more.
func TestUnlinked(t *testing.T) {
	p := pin(t, openProc(t), os.Getpid())
	m := Mapping{Start: 4096, End: 8192, Path: []byte("/x (deleted)")}
	if gone, err := p.Unlinked(&m); gone || !errors.Is(err, unix.ENOENT) || errors.Is(err, ErrGone) {
		t.Errorf("%v, %v", gone, err)
	}
	for _, path := range []string{"", "[heap]", "[anon:x (deleted)", "/x"} {
		m.Path = []byte(path)
		if gone, err := p.Unlinked(&m); gone || err != nil {
			t.Errorf("%q: %v, %v", path, gone, err)
		}
	}
	needRoot(t)
	runRole(t, "unlinked", &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: alice, Gid: alice}})
}

func roleUnlinked() error {
	dir, err := os.MkdirTemp("", "unlinked")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p, err := Self()
	if err != nil {
		return err
	}
	for name, stays := range map[string]bool{"/here (deleted)": true, "/gone": false} {
		at, err := mapNamed(dir+name, stays)
		if err != nil {
			return err
		}
		err = p.EachMapping(func(m *Mapping) error {
			if m.Start != uint64(at) {
				return nil
			}
			gone, err := p.Unlinked(m)
			if err == nil && gone == stays {
				err = fmt.Errorf("%q: unlinked %v", m.Path, gone)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
