package provider

import (
	"bytes"
	"math"
)

// FDLock is a lock or lease on a file, a line as of /proc/locks; see
// proc_locks(5).
type FDLock struct {
	ID    int64  // the line's number
	Class string // "POSIX", "FLOCK", "OFDLCK", "LEASE", "DELEG", "ACCESS"
	State string // "ADVISORY", "MANDATORY"; of leases "ACTIVE", "BREAKING", "BREAKER"
	Type  string // "READ", "WRITE", "UNLCK"
	PID   int    // the holder in the reader's PID namespace; -1 or 0 where it is none there
	Dev   Device // of the file
	Inode uint64
	Start uint64 // the first byte
	End   uint64 // the last byte, or LockEOF
}

// LockEOF is the last byte of a lock that extends to the end of the file.
const LockEOF uint64 = math.MaxUint64

// lock reads "1: POSIX  ADVISORY  WRITE 30721 fe:00:9994745 5 14".
func (i *FDInfo) lock(value []byte) bool {
	f := bytes.Fields(value)
	if len(f) != 8 {
		return false
	}
	l := FDLock{Class: string(f[1]), State: string(f[2]), Type: string(f[3])}
	id, n := signed(f[0])
	l.ID = id
	if n == 0 || string(f[0][n:]) != ":" || !setInt(&l.PID, f[4]) || !l.setFile(f[5]) || !l.setRange(f[6], f[7]) {
		return false
	}
	i.Locks = append(i.Locks, l)
	return true
}

// setFile reads "MAJOR:MINOR:INODE", or "<none>:0".
func (l *FDLock) setFile(b []byte) bool {
	if string(b) == "<none>:0" {
		return true
	}
	major, n := hexadecimal(b)
	if n == 0 || n == len(b) || b[n] != ':' || major > math.MaxUint32 {
		return false
	}
	b = b[n+1:]
	minor, n := hexadecimal(b)
	if n == 0 || n == len(b) || b[n] != ':' || minor > math.MaxUint32 {
		return false
	}
	l.Dev = Device{Major: uint32(major), Minor: uint32(minor)}
	return setUint(&l.Inode, b[n+1:])
}

func (l *FDLock) setRange(start, end []byte) bool {
	if string(end) == "EOF" {
		l.End = LockEOF
		return setUint(&l.Start, start)
	}
	return setUint(&l.Start, start) && setUint(&l.End, end)
}
