package provider

import (
	"bytes"
	"strings"
)

// MountStat is one entry of /proc/PID/mountstats: a mount, and the statistics
// that its file system keeps. Only NFS keeps any.
type MountStat struct {
	Device     string // as it was mounted; may be empty
	NoDevice   bool   // the kernel says that there is none, not even an empty one
	MountPoint string // relative to the process's root directory
	FSType     string

	NFS     *NFSStats // nil without statistics
	Unknown []string  // statistics of other file systems, line by line
}

// ParseMountstats reads the text of a mountstats file, which may be empty.
func ParseMountstats(b []byte) ([]MountStat, error) {
	var list []MountStat
	for text := string(b); text != ""; {
		line, rest, whole := strings.Cut(text, "\n")
		var ok bool
		if list, ok = mountstatsLine(list, line); !ok || !whole {
			return nil, malformed("mountstats", "not of its form")
		}
		text = rest
	}
	return list, nil
}

// mountstatsLine takes one line: the head of a mount, or one of the statistics
// of the last. A blank line ends those.
func mountstatsLine(list []MountStat, line string) ([]MountStat, bool) {
	if strings.HasPrefix(line, "device ") || strings.HasPrefix(line, "no device ") {
		list = append(list, MountStat{})
		return list, list[len(list)-1].head(line)
	}
	if len(list) == 0 {
		return list, line == ""
	}
	m := &list[len(list)-1]
	switch {
	case line == "":
		return list, true
	case m.NFS != nil:
		return list, m.NFS.line(line)
	case m.Unknown != nil:
		m.Unknown = append(m.Unknown, line)
		return list, true
	}
	return list, false
}

// head reads "device D mounted on P with fstype T[ statistics]" or "no device
// mounted on …".
func (m *MountStat) head(line string) bool {
	b, device, point := bytesOf(line), []byte(nil), []byte(nil)
	var ok bool
	if b, ok = bytes.CutPrefix(b, []byte("no device ")); ok {
		m.NoDevice = true
	} else if b = b[len("device "):]; !mountField(&b, &device) {
		return false
	}
	if b, ok = bytes.CutPrefix(b, []byte("mounted on ")); !ok || !mountField(&b, &point) {
		return false
	}
	if b, ok = bytes.CutPrefix(b, []byte("with fstype ")); !ok {
		return false
	}
	fsType, stats, has := strings.Cut(stringOf(b), " ")
	m.Device, m.MountPoint, m.FSType = unmangle(stringOf(device)), unmangle(stringOf(point)), unmangle(fsType)
	if has {
		m.statistics(stats)
	}
	return fsType != ""
}

func (m *MountStat) statistics(text string) {
	if version, ok := strings.CutPrefix(text, "statvers="); ok {
		m.NFS = &NFSStats{Version: version}
		return
	}
	m.Unknown = []string{text}
}

// Mountstats reads /proc/PID/mountstats (2.6.17), for the process's owner only.
// A zombie has no mounts any more: ErrGone.
func (p *Process) Mountstats() ([]MountStat, error) {
	return parseWhole(&p.dir, "mountstats", ParseMountstats)
}
