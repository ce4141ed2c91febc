package provider

import (
	"bytes"
	"errors"
	"strconv"

	"golang.org/x/sys/unix"
)

// Autogroup is /proc/PID/autogroup (2.6.38, CONFIG_SCHED_AUTOGROUP): the group
// with which the process shares its part of the CPUs, as a rule its session.
type Autogroup struct {
	ID   int64
	Nice int // of the whole group, -20…19
}

// ParseAutogroup reads the text of an autogroup file, such as
// "/autogroup-4706 nice 0".
func ParseAutogroup(b []byte) (Autogroup, error) {
	rest, ok := bytes.CutPrefix(b, []byte("/autogroup-"))
	id, n := signed(rest)
	if !ok || n == 0 {
		return Autogroup{}, malformed("autogroup", "group")
	}
	rest, ok = bytes.CutPrefix(rest[n:], []byte(" nice "))
	if !ok {
		return Autogroup{}, malformed("autogroup", "nice")
	}
	nice, err := oneSigned("autogroup", rest)
	if err != nil {
		return Autogroup{}, err
	}
	return Autogroup{ID: id, Nice: nice}, nil
}

// Autogroup reads /proc/PID/autogroup. A process that is in no such group, as
// kernel threads are, is ErrNotSupported.
func (p *Process) Autogroup() (Autogroup, error) { return scalar(&p.dir, "autogroup", ParseAutogroup) }

// SetAutogroupNice sets the nice value, -20 to 19, of the whole group in which
// the process is. Below 0 it is EPERM without the right of setpriority(2); an
// unprivileged caller who does it too often gets EAGAIN. A process that is in
// no group is ErrNotSupported.
func (p *Process) SetAutogroupNice(nice int) error {
	if nice < -20 || nice > 19 {
		return p.fail("write", "autogroup", unix.EINVAL)
	}
	err := p.write("autogroup", strconv.Itoa(nice))
	if errors.Is(err, unix.EINVAL) {
		return p.fail("write", "autogroup", ErrNotSupported)
	}
	return err
}
