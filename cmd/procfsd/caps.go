package main

import (
	"golang.org/x/sys/unix"
)

// capSet is a set of capabilities, bit n for number n.
type capSet uint64

func caps(numbers ...int) (s capSet) {
	for _, n := range numbers {
		s |= 1 << n
	}
	return s
}

func (s capSet) has(n int) bool         { return s&(1<<n) != 0 }
func (s capSet) within(all capSet) bool { return s&^all == 0 }
func (s capSet) low() uint32            { return uint32(s) }
func (s capSet) high() uint32           { return uint32(s >> 32) }
func joinCaps(low, high uint32) capSet  { return capSet(high)<<32 | capSet(low) }
func capHeader() *unix.CapUserHeader {
	return &unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
}

// threadCaps are the sets of the calling thread.
type threadCaps struct {
	effective, permitted, inheritable capSet
}

func readCaps() (threadCaps, error) {
	var data [2]unix.CapUserData
	if err := unix.Capget(capHeader(), &data[0]); err != nil {
		return threadCaps{}, err
	}
	return threadCaps{
		joinCaps(data[0].Effective, data[1].Effective),
		joinCaps(data[0].Permitted, data[1].Permitted),
		joinCaps(data[0].Inheritable, data[1].Inheritable),
	}, nil
}

// set gives the sets to the calling thread alone. Ambient capabilities that are
// no longer inheritable go with it.
func (t threadCaps) set() error {
	data := [2]unix.CapUserData{
		{Effective: t.effective.low(), Permitted: t.permitted.low(), Inheritable: t.inheritable.low()},
		{Effective: t.effective.high(), Permitted: t.permitted.high(), Inheritable: t.inheritable.high()},
	}
	return unix.Capset(capHeader(), &data[0])
}

// boundingCaps reads the bounding set; asking for a number that the kernel does
// not know fails, and so ends the list.
func boundingCaps() (s capSet) {
	for n := range 64 {
		in, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(n), 0, 0, 0)
		if err != nil {
			return s
		}
		if in == 1 {
			s |= 1 << n
		}
	}
	return s
}

// ambientCaps reads the ambient set (empty before Linux 4.3).
func ambientCaps() (s capSet) {
	for n := range 64 {
		in, err := unix.PrctlRetInt(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_IS_SET, uintptr(n), 0, 0)
		if err != nil {
			return s
		}
		if in == 1 {
			s |= 1 << n
		}
	}
	return s
}

// knownCaps is every capability of this kernel.
func knownCaps() (s capSet) {
	for n := range 64 {
		if _, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(n), 0, 0, 0); err != nil {
			return s
		}
		s |= 1 << n
	}
	return s
}

// numbers lists s.
func (s capSet) numbers() (list []uintptr) {
	for n := range 64 {
		if s.has(n) {
			list = append(list, uintptr(n))
		}
	}
	return list
}

// dropBounding leaves nothing but keep in the bounding set of the calling
// thread. It needs CAP_SETPCAP.
func dropBounding(keep capSet) error {
	for _, n := range (boundingCaps() &^ keep).numbers() {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, n, 0, 0, 0); err != nil {
			return err
		}
	}
	return nil
}
