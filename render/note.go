package render

import (
	"fmt"
	"slices"
	"strings"
)

// noteLimit is the longest note in bytes, white space at the end not counted.
const noteLimit = 64

// The signals that have numbers and no names. They are counted as kill(1)
// counts: RTMIN is above the two that the threads library keeps for itself.
const (
	rtMin     = 34
	rtMax     = 64
	maxSignal = rtMax
)

// Note is what was written to note or notepg: a signal, by its name or by its
// number. The zero value is the number 0, which asks for permission only.
type Note struct {
	// Name is upper case, with SIG, of this list: SIGHUP SIGINT SIGQUIT
	// SIGILL SIGTRAP SIGABRT SIGFPE SIGKILL SIGBUS SIGSEGV SIGSYS SIGPIPE
	// SIGALRM SIGTERM SIGURG SIGSTOP SIGTSTP SIGCONT SIGCHLD SIGTTIN SIGTTOU
	// SIGIO SIGXCPU SIGXFSZ SIGVTALRM SIGPROF SIGWINCH SIGUSR1 SIGUSR2. It is
	// empty when Number counts. Their numbers are the host's own affair.
	Name string
	// Number is 0 to 64, of the host's numbers: as written, or 34 to 64 for
	// a real-time signal.
	Number int
}

// ParseNote reads what was written to note or notepg: a name of FreeBSD's old
// ctl file with or without SIG, one of Plan 9's notes interrupt, hangup, alarm
// and kill, RTMIN, RTMIN+n, RTMAX or RTMAX-n (34 to 64) with or without SIG,
// all in any case, or a number from 0 to 64. White space at the end is taken
// off. Anything else is ErrSyntax, emt and info included, which ctl had and the
// host has not; more than 64 bytes are ErrTooLong.
func ParseNote(data []byte) (Note, error) {
	text := trimmed(data)
	if len(text) > noteLimit {
		return Note{}, fmt.Errorf("%w: %d bytes, a note has at most %d", ErrTooLong, len(text), noteLimit)
	}
	word := upper(text)
	if name, ok := signalName(word); ok {
		return Note{Name: name}, nil
	}
	if n, ok := signalNumber(word); ok {
		return Note{Number: n}, nil
	}
	return Note{}, fmt.Errorf("%w: no signal %q", ErrSyntax, text)
}

// upper makes ASCII letters upper case, and no others: strings.ToUpper also
// knows letters beyond ASCII that become S and I.
func upper(text []byte) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, string(text))
}

// signalName is the name of the signal that an upper-case word stands for.
func signalName(word string) (string, bool) {
	switch word {
	case "INTERRUPT":
		return "SIGINT", true
	case "HANGUP":
		return "SIGHUP", true
	case "ALARM":
		return "SIGALRM", true
	case "IOT", "SIGIOT":
		return "SIGABRT", true
	}
	names := [...]string{
		"HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "FPE", "KILL", "BUS", "SEGV", "SYS", "PIPE", "ALRM", "TERM",
		"URG", "STOP", "TSTP", "CONT", "CHLD", "TTIN", "TTOU", "IO", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH",
		"USR1", "USR2",
	}
	bare := strings.TrimPrefix(word, "SIG")
	return "SIG" + bare, slices.Contains(names[:], bare)
}

// signalNumber is the number that an upper-case word spells.
func signalNumber(word string) (int, bool) {
	bare := strings.TrimPrefix(word, "SIG")
	if offset, ok := strings.CutPrefix(bare, "RTMIN"); ok {
		n, ok := realTimeOffset(offset, '+')
		return rtMin + n, ok
	}
	if offset, ok := strings.CutPrefix(bare, "RTMAX"); ok {
		n, ok := realTimeOffset(offset, '-')
		return rtMax - n, ok
	}
	n, ok := decimal(word, maxSignal)
	return int(n), ok && word != ""
}

// realTimeOffset reads what follows RTMIN or RTMAX: nothing, or the sign and
// how far it is from there, without leaving the real-time signals.
func realTimeOffset(text string, sign byte) (int, bool) {
	if text == "" {
		return 0, true
	}
	if text[0] != sign || len(text) == 1 {
		return 0, false
	}
	n, ok := decimal(text[1:], rtMax-rtMin)
	return int(n), ok
}
