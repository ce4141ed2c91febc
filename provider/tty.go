package provider

import (
	"bytes"
	"strconv"

	"golang.org/x/sys/unix"
)

// TTYName is the name below /dev of the terminal with this device number, as
// in the stat field tty_nr: "pts/3", "tty1", "ttyS0"; "" for none or an
// unknown one. Other names than the pseudo-terminals' come from sysfs
// (/sys/dev/char/MAJOR:MINOR/uevent).
func TTYName(major, minor uint32) string { return string(AppendTTYName(nil, major, minor)) }

// AppendTTYName is TTYName which appends to dst.
func AppendTTYName(dst []byte, major, minor uint32) []byte {
	const ptsFirst, ptsLast = 136, 143
	switch {
	case major == 0 && minor == 0:
		return dst
	case major >= ptsFirst && major <= ptsLast:
		return strconv.AppendInt(append(dst, "pts/"...), int64(major-ptsFirst)*256+int64(minor), 10)
	}
	return appendDeviceName(dst, major, minor)
}

func appendDeviceName(dst []byte, major, minor uint32) []byte {
	var room [64]byte
	path := strconv.AppendUint(append(room[:0], "/sys/dev/char/"...), uint64(major), 10)
	path = strconv.AppendUint(append(path, ':'), uint64(minor), 10)
	fd, err := openat(unix.AT_FDCWD, string(append(path, "/uevent"...)), unix.O_RDONLY)
	if err != nil {
		return dst
	}
	defer unix.Close(fd)
	var text [4096]byte
	n, err := readRetry(fd, text[:]) // the whole: sysfs writes a page at most
	if err != nil {
		return dst
	}
	return append(dst, deviceName(text[:n])...)
}

// deviceName is the value of DEVNAME in an uevent file.
func deviceName(text []byte) []byte {
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		if name, ok := bytes.CutPrefix(line, []byte("DEVNAME=")); ok {
			return name
		}
		text = rest
	}
	return nil
}
