package provider

import (
	"bytes"
	"iter"
	"math"
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
func (d *dir) Mountinfo() ([]Mount, error) { return parseWhole(d, "mountinfo", ParseMountinfo) }

// MountLines is Mountinfo without copies. The MountLine is lent: see there. An
// error is the last thing given.
func (d *dir) MountLines() iter.Seq2[*MountLine, error] {
	return func(yield func(*MountLine, error) bool) {
		err := d.lendWhole("mountinfo", func(text []byte) error { return eachMount(text, yield) })
		if err != nil {
			yield(nil, err)
		}
	}
}

// Mounts reads /proc/PID/mounts (2.4.19); [Process.Mountinfo] tells more.
func (d *dir) Mounts() ([]MountsEntry, error) { return parseWhole(d, "mounts", ParseMounts) }
