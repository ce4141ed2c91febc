package provider

import (
	"bytes"
	"errors"
	"strconv"

	"golang.org/x/sys/unix"
)

// FDInfo is /proc/PID/fdinfo/N: what the kernel tells of an open file
// descriptor. What it does not tell is zero.
type FDInfo struct {
	Pos    int64     // the file offset in bytes
	Flags  OpenFlags // of open(2); with O_CLOEXEC since 3.1
	MntID  int       // the mount, as in mountinfo (3.15)
	Inode  uint64    // (5.14)
	SCMFDs uint64    // descriptors in a UNIX socket's queue that nobody has received yet (5.6)
	Locks  []FDLock  // of this descriptor (4.1)

	EventFD  *EventFD       // of eventfd(2) (3.8)
	SignalFD *SignalFD      // of signalfd(2) (3.8)
	TimerFD  *TimerFD       // of timerfd_create(2) (3.17)
	PIDFD    *PIDFD         // of pidfd_open(2) (5.4)
	Epoll    []EpollTarget  // what an epoll(7) waits for (3.8)
	Inotify  []InotifyWatch // of inotify(7) (3.8)
	Fanotify *FanotifyGroup // of fanotify(7) (3.8)

	// Unknown holds the other lines: those of io_uring, BPF, DRM, tun and other
	// drivers, which write what they like, also where it looks like the above
	// and is of another form.
	Unknown []string
}

// FDInfo reads /proc/PID/fdinfo/N (2.6.22). A descriptor that is not open is
// fs.ErrNotExist, but not ErrGone. It takes the right to inspect the process
// (PTRACE_MODE_READ_FSCREDS). More than 64 MiB, as an epoll of some 700,000
// targets has, is ErrTooBig.
func (d *dir) FDInfo(n int) (info FDInfo, err error) {
	const limit = 64 << 20
	file := "fdinfo/" + strconv.Itoa(n)
	err = d.lend(file, limit, appendAll, func(text []byte) (err error) {
		if len(text) == 0 {
			return d.fail("read", file, unix.ENOENT)
		}
		info, err = ParseFDInfo(text)
		return err
	})
	if err != nil {
		return FDInfo{}, d.noFDInfo(file, err)
	}
	return info, nil
}

// noFDInfo says of a descriptor that was not found that it is not open, unless
// the process is gone.
func (d *dir) noFDInfo(file string, err error) error {
	if !errors.Is(err, ErrNotSupported) && !isMissing(err) {
		return err
	}
	return d.fail("open", file, d.absent(unix.ENOENT))
}

// ParseFDInfo reads the text of such a file. Lines that this kernel does not
// write are no error, nor are unknown ones; what is cut short is ErrMalformed.
func ParseFDInfo(b []byte) (FDInfo, error) {
	p := fdInfoParser{}
	for len(b) > 0 {
		line, rest, ok := bytes.Cut(b, []byte("\n"))
		if !ok {
			return FDInfo{}, malformed("fdinfo", "cut short")
		}
		if !p.line(line) {
			return FDInfo{}, malformed("fdinfo", string(line[:bytes.IndexByte(line, ':')]))
		}
		b = rest
	}
	if p.seen&(fdPos|fdFlags) == 0 {
		return FDInfo{}, malformed("fdinfo", "neither pos nor flags")
	}
	return p.info, nil
}

// fdInfoParser reads the head, which the kernel writes for every file, up to
// the first line of another key; what follows is by the kind of file.
type fdInfoParser struct {
	info FDInfo
	seen uint8 // the keys of the head
	body bool  // the head has ended
}

// line reads one line. Only those of the head have to be of the form.
func (p *fdInfoParser) line(line []byte) bool {
	if !p.body {
		name, value, ok := bytes.Cut(line, []byte(":"))
		if key := fdHeadKey(name); ok && key&^p.seen != 0 {
			p.seen |= key
			return p.head(key, value)
		}
		p.body = true
	}
	if !p.info.detail(line) {
		p.info.Unknown = append(p.info.Unknown, string(line))
	}
	return true
}

const (
	fdPos uint8 = 1 << iota
	fdFlags
	fdMntID
	fdInode
)

func fdHeadKey(name []byte) uint8 {
	switch string(name) {
	case "pos":
		return fdPos
	case "flags":
		return fdFlags
	case "mnt_id":
		return fdMntID
	case "ino":
		return fdInode
	}
	return 0
}

func (p *fdInfoParser) head(key uint8, value []byte) (ok bool) {
	switch key {
	case fdPos:
		value = value[skipBlanks(value, 0):]
		v, n := signed(value)
		p.info.Pos = v
		return n > 0 && n == len(value)
	case fdFlags:
		p.info.Flags, ok = openFlags(value)
	case fdMntID:
		return setInt(&p.info.MntID, value[skipBlanks(value, 0):])
	default:
		p.info.Inode, ok = uintField(value)
	}
	return ok
}
