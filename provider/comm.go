package provider

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"
)

// commRoom is the longest name that the kernel takes.
const commRoom = 15

// Comm reads /proc/PID/comm (2.6.33): the name of the thread; a process shows
// its main thread's.
func (d *dir) Comm() (Comm, error) { return scalar(d, "comm", ParseComm) }

// SetComm names the thread by writing /proc/PID/comm. The kernel lets a
// process do that to its own threads only: of another it is EPERM. A name of
// more than 15 bytes, which the kernel would cut, or with a NUL is EINVAL.
func (d *dir) SetComm(name string) error {
	if len(name) > commRoom || strings.IndexByte(name, 0) >= 0 {
		return d.fail("write", "comm", unix.EINVAL)
	}
	err := d.write("comm", name)
	if errors.Is(err, unix.EINVAL) { // so the kernel says that it is not ours
		return d.fail("write", "comm", unix.EPERM)
	}
	return err
}
