package render

import "strconv"

// NoChannel is the wait channel of a process that does not sleep. One that
// sleeps at an unknown place has the empty one, printed "-".
const NoChannel = "nochan"

// The cuts of a status line. At the longest it has 76+4*20+63+9+3*41+19+2*10+
// 255+256 characters in its words, 14 blanks and a newline: 916, below the 1023
// that the smallest of the clients' line buffers holds.
const (
	commandLimit = 19  // raw bytes of p_comm, before escaping: MAXCOMLEN
	ttyLimit     = 63  // printed; device names are far shorter
	channelLimit = 19  // printed; some clients scan with %19s
	groupsLimit  = 255 // printed; clients' word buffers have 256 bytes
	jailLimit    = 256 // printed: a Linux host name (64 bytes), all of it escaped
)

// Time is a struct timeval.
type Time struct {
	Sec  int64 // tv_sec, in seconds
	Usec int64 // tv_usec, in microseconds; printed without padding
}

// Status is the one line of status, in the order of its 15 fields but for the
// groups.
type Status struct {
	Command []byte // p_comm: raw, cut at 19 bytes; empty prints \000
	PID     int    // p_pid
	PPID    int    // p_pptr's p_pid, 0 without a parent
	PGID    int    // pg_id
	SID     int    // s_leader's p_pid, 0 when the leader is gone
	TTY     string // device name below /dev; empty prints "-"

	ControlTerminal bool // flag ctty: the session has a controlling terminal
	SessionLeader   bool // flag sldr: SESS_LEADER(p)

	Start  Time // p_start, since the epoch
	User   Time // calcru's user time
	System Time // calcru's system time

	WaitChannel string // wmesg of the first thread, or NoChannel; empty prints "-"

	EUID   uint32   // cr_uid
	RUID   uint32   // cr_ruid
	RGID   uint32   // cr_rgid: the first of the groups, whatever the manual says
	EGID   uint32   // cr_gid: the second
	Groups []uint32 // cr_groups, the supplementary ones, as many as fit in 255 bytes

	Jail string // the jail's host name; empty, printed "-", when not jailed
}

// AppendStatus appends the line of status: 15 words, single blanks, a newline.
// The words are cut and escaped so that none is empty or holds a blank and the
// whole is below 1023 bytes, whatever s holds.
func AppendStatus(dst []byte, s *Status) []byte {
	dst = appendName(dst, s.Command, commandLimit)
	dst = appendInts(dst, s.PID, s.PPID, s.PGID, s.SID)
	dst = appendToken(append(dst, ' '), s.TTY, ttyLimit)
	dst = appendSession(append(dst, ' '), s)
	dst = appendTime(append(dst, ' '), s.Start)
	dst = appendTime(append(dst, ' '), s.User)
	dst = appendTime(append(dst, ' '), s.System)
	dst = appendToken(append(dst, ' '), s.WaitChannel, channelLimit)
	dst = appendID(append(dst, ' '), s.EUID)
	dst = appendID(append(dst, ' '), s.RUID)
	dst = appendGroups(append(dst, ' '), s)
	dst = appendToken(append(dst, ' '), s.Jail, jailLimit)
	return append(dst, '\n')
}

// appendInts appends a blank and a number for each of v.
func appendInts(dst []byte, v ...int) []byte {
	for _, n := range v {
		dst = strconv.AppendInt(append(dst, ' '), int64(n), 10)
	}
	return dst
}

// appendSession appends the flags word.
func appendSession(dst []byte, s *Status) []byte {
	switch {
	case s.ControlTerminal && s.SessionLeader:
		return append(dst, "ctty,sldr"...)
	case s.ControlTerminal:
		return append(dst, "ctty"...)
	case s.SessionLeader:
		return append(dst, "sldr"...)
	}
	return append(dst, "noflags"...)
}

// appendTime appends %jd,%ld: 12,5 is twelve seconds and five microseconds.
func appendTime(dst []byte, t Time) []byte {
	dst = strconv.AppendInt(dst, t.Sec, 10)
	return strconv.AppendInt(append(dst, ','), t.Usec, 10)
}

// appendID appends a user or group number.
func appendID(dst []byte, id uint32) []byte {
	return strconv.AppendUint(dst, uint64(id), 10)
}

// appendGroups appends rgid,egid and the supplementary groups. Half a number
// would be another group, so the cut drops whole ones.
func appendGroups(dst []byte, s *Status) []byte {
	end := len(dst) + groupsLimit
	dst = appendID(dst, s.RGID)
	dst = appendID(append(dst, ','), s.EGID)
	for _, gid := range s.Groups {
		whole := len(dst)
		if dst = appendID(append(dst, ','), gid); len(dst) > end {
			return dst[:whole]
		}
	}
	return dst
}
