package provider

import (
	"bytes"
	"errors"
	"iter"
	"math"

	"golang.org/x/sys/unix"
)

// MountsEntry is one line of /proc/PID/mounts (2.4.19): a mount in the form of
// fstab(5), with the escapes undone. [Mount] tells more.
type MountsEntry struct {
	Device     string // as it was mounted; may be empty
	MountPoint string // relative to the process's root directory
	FSType     string
	Options    MountOptions // the mount's and the file system's
	Freq       int          // for dump(8); always 0
	PassNo     int          // for fsck(8); always 0
}

// ParseMounts reads the text of a mounts file, which may be empty.
func ParseMounts(b []byte) ([]MountsEntry, error) {
	var list []MountsEntry
	for text := bytesOf(string(b)); len(text) > 0; {
		n := bytes.IndexByte(text, '\n')
		var e MountsEntry
		if n < 0 || !e.parse(text[:n]) {
			return nil, malformed("mounts", "not a mount")
		}
		list = append(list, e)
		text = text[n+1:]
	}
	return list, nil
}

// parse reads "device point type options freq passno". The options are taken
// from both sides: some hold blanks.
func (e *MountsEntry) parse(b []byte) bool {
	var device, point, fsType []byte
	if !mountField(&b, &device) || !mountField(&b, &point) || !mountField(&b, &fsType) ||
		!lastNumber(&b, &e.PassNo) || !lastNumber(&b, &e.Freq) {
		return false
	}
	e.Device, e.MountPoint, e.FSType = unmangle(stringOf(device)), unmangle(stringOf(point)), unmangle(stringOf(fsType))
	e.Options = MountOptions(stringOf(b))
	return true
}

// lastNumber takes a blank and the number behind it from the end of *b.
func lastNumber(b *[]byte, number *int) bool {
	i := bytes.LastIndexByte(*b, ' ')
	v, n := decimal((*b)[i+1:])
	if i < 0 || n == 0 || i+1+n != len(*b) || v > math.MaxInt32 {
		return false
	}
	*number, *b = int(v), (*b)[:i]
	return true
}

// Mountinfo reads /proc/PID/mountinfo (2.6.26): the mounts of the process's
// mount namespace below its root directory. A zombie has none any more: ErrGone.
func (d *dir) Mountinfo() (list []Mount, err error) {
	err = d.mountText("mountinfo", func(text []byte) error {
		list, err = ParseMountinfo(text)
		return err
	})
	return list, err
}

// EachMount is Mountinfo without copies. The MountLine is lent: see there. An
// error is the last thing given.
func (d *dir) EachMount() iter.Seq2[*MountLine, error] {
	return func(yield func(*MountLine, error) bool) {
		buf := d.fs.buffer()
		defer d.fs.release(buf)
		err := d.readMounts("mountinfo", buf)
		if err == nil {
			err = eachMount(*buf, yield)
		}
		if err != nil {
			yield(nil, d.fail("parse", "mountinfo", err))
		}
	}
}

// Mounts reads /proc/PID/mounts (2.4.19); [Process.Mountinfo] tells more.
func (d *dir) Mounts() (list []MountsEntry, err error) {
	err = d.mountText("mounts", func(text []byte) error {
		list, err = ParseMounts(text)
		return err
	})
	return list, err
}

// mountsMost bounds the mount tables. The kernel allows 100,000 mounts (see
// fs.mount-max in proc(5)), which are some 15 MB of text.
const mountsMost = 64 << 20

// mountText reads a table of mounts whole and lends its text to parse.
func (d *dir) mountText(file string, parse func([]byte) error) error {
	buf := d.fs.buffer()
	defer d.fs.release(buf)
	if err := d.readMounts(file, buf); err != nil {
		return err
	}
	if err := parse(*buf); err != nil {
		return d.fail("parse", file, err)
	}
	return nil
}

// readMounts reads such a table into an empty buffer.
func (d *dir) readMounts(file string, buf *[]byte) error {
	text, err := d.read(file, (*buf)[:0], mountsMost, appendAll)
	if err != nil {
		return d.exited(file, err)
	}
	*buf = text
	return nil
}

// exited finds "gone" among the errors of files that are made for the
// namespaces of a process. One that has exited is EINVAL there, and one that is
// about to is ENOENT for a file that exists.
func (d *dir) exited(file string, err error) error {
	if errors.Is(err, unix.EINVAL) || errors.Is(err, ErrNotSupported) && d.exists(file) {
		return d.fail("open", file, ErrGone)
	}
	return err
}

func (d *dir) exists(file string) bool {
	var st unix.Stat_t
	return fstatat(d.fd, file, &st, unix.AT_SYMLINK_NOFOLLOW) == nil
}
