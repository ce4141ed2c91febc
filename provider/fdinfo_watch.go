package provider

import (
	"bytes"
	"encoding/hex"
)

// EpollTarget is a descriptor that an epoll(7) waits for.
type EpollTarget struct {
	FD     int    // its number when it was added
	Events uint32 // EPOLL*
	Data   uint64 // epoll_data, as the process chose it
	Pos    int64  // 4.13, as the following
	Inode  uint64
	Dev    Device
}

// InotifyWatch is a watch of an inotify(7).
type InotifyWatch struct {
	WD     int
	Inode  uint64
	Dev    Device
	Mask   uint32 // IN_*
	Handle FileHandle

	IgnoredMask uint32 // always 0 in newer kernels
}

// FileHandle is what open_by_handle_at(2) opens the file by, where its file
// system has handles and the kernel shows them (CONFIG_EXPORTFS).
type FileHandle struct {
	Type  int32
	Bytes []byte
}

// FanotifyGroup is a fanotify(7).
type FanotifyGroup struct {
	Flags      uint32    // of fanotify_init(2)
	EventFlags OpenFlags // what its events' files are opened with
	Marks      []FanotifyMark
}

// FanotifyMark is a mark of a fanotify(7): on a file where Inode is not 0, else
// on a mount, on a mount namespace or on the file system Dev.
type FanotifyMark struct {
	Inode   uint64
	Dev     Device
	MntID   int    // as in mountinfo
	MountNS uint64 // (6.14)
	Flags   uint32 // FAN_MARK_*
	Mask    uint64 // FAN_*
	Handle  FileHandle

	IgnoredMask uint64
}

// appendPairs appends a value made of a line's pairs, if all of them are of the
// form.
func appendPairs[T any](list *[]T, line []byte, set func(*T, string, []byte) bool) bool {
	var v T
	if !setPairs(&v, line, set) {
		return false
	}
	*list = append(*list, v)
	return true
}

// setPairs reads pairs such as "wd:1 ino:7f" or "tfd:  3 events:  19".
func setPairs[T any](v *T, line []byte, set func(*T, string, []byte) bool) bool {
	for line = line[skipBlanks(line, 0):]; len(line) > 0; line = line[skipBlanks(line, 0):] {
		key, rest, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return false
		}
		rest = rest[skipBlanks(rest, 0):]
		var value []byte
		value, line, _ = bytes.Cut(rest, []byte(" "))
		if !set(v, string(key), value) {
			return false
		}
	}
	return true
}

func (e *EpollTarget) set(key string, value []byte) bool {
	switch key {
	case "tfd":
		return setInt(&e.FD, value)
	case "events":
		return setHex32(&e.Events, value)
	case "data":
		return setHex(&e.Data, value)
	case "pos":
		v, n := signed(value)
		e.Pos = v
		return n > 0 && n == len(value)
	case "ino":
		return setHex(&e.Inode, value)
	case "sdev":
		return setDevice(&e.Dev, value)
	}
	return false
}

func (w *InotifyWatch) set(key string, value []byte) bool {
	switch key {
	case "wd":
		return setHexInt(&w.WD, value)
	case "ino":
		return setHex(&w.Inode, value)
	case "sdev":
		return setDevice(&w.Dev, value)
	case "mask":
		return setHex32(&w.Mask, value)
	case "ignored_mask":
		return setHex32(&w.IgnoredMask, value)
	}
	return w.Handle.set(key, value)
}

func (h *FileHandle) set(key string, value []byte) bool {
	var v uint32
	switch key {
	case "fhandle-bytes": // the length, which f_handle has
		return setHex32(&v, value) && v <= 128
	case "fhandle-type":
		ok := setHex32(&v, value)
		h.Type = int32(v)
		return ok
	case "f_handle":
		b, err := hex.DecodeString(string(value))
		h.Bytes = b
		return err == nil
	}
	return false
}

func (g *FanotifyGroup) set(_ string, line []byte) bool {
	if bytes.HasPrefix(line, []byte("flags:")) {
		return setPairs(g, line, (*FanotifyGroup).setFlags)
	}
	marks := g.Marks // shared with the group that g will replace
	if !appendPairs(&marks, line, (*FanotifyMark).set) {
		return false
	}
	g.Marks = marks
	return true
}

func (g *FanotifyGroup) setFlags(key string, value []byte) bool {
	switch key {
	case "flags":
		return setHex32(&g.Flags, value)
	case "event-flags":
		return setHex32(&g.EventFlags, value)
	}
	return false
}

func (m *FanotifyMark) set(key string, value []byte) bool {
	switch key {
	case "ino":
		return setHex(&m.Inode, value)
	case "sdev":
		return setDevice(&m.Dev, value)
	case "mnt_id":
		return setHexInt(&m.MntID, value)
	case "mnt_ns":
		return setUint(&m.MountNS, value)
	case "mflags":
		return setHex32(&m.Flags, value)
	case "mask":
		return setHex(&m.Mask, value)
	case "ignored_mask":
		return setHex(&m.IgnoredMask, value)
	}
	return m.Handle.set(key, value)
}

func setHex32[T ~uint32](p *T, value []byte) bool {
	v, ok := hexField(value)
	*p = T(v)
	return ok && v == uint64(*p)
}

// setHexInt reads a C int that the kernel wrote in base 16.
func setHexInt(p *int, value []byte) bool {
	var v uint32
	ok := setHex32(&v, value)
	*p = int(int32(v))
	return ok
}

// setDevice reads a device number as the kernel has it inside: 12 bits of
// major, 20 of minor.
func setDevice(p *Device, value []byte) bool {
	var v uint32
	ok := setHex32(&v, value)
	*p = Device{Major: v >> 20, Minor: v & (1<<20 - 1)}
	return ok
}
