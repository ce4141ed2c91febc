package provider

import (
	"bytes"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// TTYName is the name below /dev of the terminal with this device number, as
// in the stat field tty_nr: "pts/3", "tty1", "ttyS0"; "" for none or an
// unknown one. Other names than the pseudo-terminals' come from sysfs
// (/sys/dev/char/MAJOR:MINOR/uevent).
func TTYName(major, minor uint32) string {
	const ptsFirst, ptsLast = 136, 143
	switch {
	case major == 0 && minor == 0:
		return ""
	case major >= ptsFirst && major <= ptsLast:
		return "pts/" + strconv.Itoa(int(major-ptsFirst)*256+int(minor))
	}
	return deviceName(major, minor)
}

func deviceName(major, minor uint32) string {
	fd, err := openat(unix.AT_FDCWD, fmt.Sprintf("/sys/dev/char/%d:%d/uevent", major, minor), unix.O_RDONLY)
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	text, err := appendAll(nil, fd, 4096)
	if err != nil {
		return ""
	}
	for line := range bytes.Lines(text) {
		if name, ok := bytes.CutPrefix(line, []byte("DEVNAME=")); ok {
			return string(bytes.TrimRight(name, "\n"))
		}
	}
	return ""
}
