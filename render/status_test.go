package render

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// parseStatus is AppendStatus the other way round. It takes no spelling but
// the one that AppendStatus uses.
func parseStatus(line []byte) (*Status, error) {
	text, ok := strings.CutSuffix(string(line), "\n")
	w := strings.Split(text, " ")
	if !ok || len(w) != 15 || slices.Contains(w, "") {
		return nil, fmt.Errorf("%w: %q", errForm, line)
	}
	p := statusParser{}
	s := &Status{
		Command: p.raw(w[0]),
		PID:     p.int(w[1]), PPID: p.int(w[2]), PGID: p.int(w[3]), SID: p.int(w[4]),
		TTY:   p.token(w[5]),
		Start: p.time(w[7]), User: p.time(w[8]), System: p.time(w[9]),
		WaitChannel: p.token(w[10]),
		EUID:        p.id(w[11]), RUID: p.id(w[12]),
		Jail: p.token(w[14]),
	}
	s.ControlTerminal, s.SessionLeader = p.flags(w[6])
	s.RGID, s.EGID, s.Groups = p.groups(w[13])
	return s, p.err
}

// statusParser keeps the first error.
type statusParser struct{ err error }

func (p *statusParser) fail(err error) {
	if err != nil && p.err == nil {
		p.err = err
	}
}

func (p *statusParser) raw(word string) []byte {
	raw, err := unescape(word)
	p.fail(err)
	return raw
}

func (p *statusParser) token(word string) string {
	if word == "-" {
		return ""
	}
	return string(p.raw(word))
}

func (p *statusParser) number(word string) int64 {
	n, err := strconv.ParseInt(word, 10, 64)
	p.fail(err)
	if strconv.FormatInt(n, 10) != word {
		p.fail(fmt.Errorf("%w: number %q", errForm, word))
	}
	return n
}

func (p *statusParser) int(word string) int { return int(p.number(word)) }

func (p *statusParser) id(word string) uint32 {
	n := p.number(word)
	if n < 0 || n > math.MaxUint32 {
		p.fail(fmt.Errorf("%w: id %q", errForm, word))
	}
	return uint32(n)
}

func (p *statusParser) time(word string) Time {
	sec, usec, ok := strings.Cut(word, ",")
	if !ok {
		p.fail(fmt.Errorf("%w: time %q", errForm, word))
	}
	return Time{p.number(sec), p.number(usec)}
}

func (p *statusParser) flags(word string) (ctty, sldr bool) {
	switch word {
	case "ctty":
		return true, false
	case "sldr":
		return false, true
	case "ctty,sldr":
		return true, true
	case "noflags":
	default:
		p.fail(fmt.Errorf("%w: flags %q", errForm, word))
	}
	return false, false
}

func (p *statusParser) groups(word string) (rgid, egid uint32, rest []uint32) {
	var all []uint32
	for gid := range strings.SplitSeq(word, ",") {
		all = append(all, p.id(gid))
	}
	if len(all) < 2 {
		p.fail(fmt.Errorf("%w: groups %q", errForm, word))
		return 0, 0, nil
	}
	return all[0], all[1], all[2:]
}

func shell() *Status {
	return &Status{
		Command: []byte("zsh"), PID: 4242, PPID: 4200, PGID: 4241, SID: 4201, TTY: "pts/3",
		ControlTerminal: true, SessionLeader: true,
		Start: Time{1700000000, 12}, User: Time{12, 5}, System: Time{0, 340000},
		WaitChannel: "sigsuspend", EUID: 1001, RUID: 1002, RGID: 1003, EGID: 1004, Groups: []uint32{1004, 27, 5},
	}
}

func worst() *Status {
	long, t := strings.Repeat("\n", 4096), Time{math.MinInt64, math.MinInt64}
	return &Status{
		Command: []byte(long), PID: math.MinInt, PPID: math.MinInt, PGID: math.MinInt, SID: math.MinInt,
		TTY: strings.Repeat("t", 4096), ControlTerminal: true, SessionLeader: true,
		Start: t, User: t, System: t, WaitChannel: strings.Repeat("w", 4096),
		EUID: math.MaxUint32, RUID: math.MaxUint32, RGID: math.MaxUint32, EGID: math.MaxUint32,
		Groups: slices.Repeat([]uint32{10}, 100), Jail: long, // 10+11 bytes of groups and 78*3 are 255
	}
}

func TestAppendStatus(t *testing.T) {
	tests := []struct {
		name string
		edit func(s *Status)
		want string
	}{
		{"session leader on a terminal", func(*Status) {},
			"zsh 4242 4200 4241 4201 pts/3 ctty,sldr 1700000000,12 12,5 0,340000 sigsuspend 1001 1002 1003,1004,1004,27,5 -\n"},
		{"running, no terminal, no groups", func(s *Status) {
			s.TTY, s.ControlTerminal, s.SessionLeader, s.WaitChannel, s.Groups = "", false, false, NoChannel, nil
		}, "zsh 4242 4200 4241 4201 - noflags 1700000000,12 12,5 0,340000 nochan 1001 1002 1003,1004 -\n"},
		{"asleep at an unknown place, on a terminal", func(s *Status) { s.SessionLeader, s.WaitChannel = false, "" },
			"zsh 4242 4200 4241 4201 pts/3 ctty 1700000000,12 12,5 0,340000 - 1001 1002 1003,1004,1004,27,5 -\n"},
		{"daemon in a jail", func(s *Status) {
			s.TTY, s.ControlTerminal, s.Jail = "", false, "web1.example.org"
		}, "zsh 4242 4200 4241 4201 - sldr 1700000000,12 12,5 0,340000 sigsuspend 1001 1002 1003,1004,1004,27,5 web1.example.org\n"},
		{"jail of odd bytes", func(s *Status) { s.Jail = "my jail\n\\\xff" },
			`zsh 4242 4200 4241 4201 pts/3 ctty,sldr 1700000000,12 12,5 0,340000 sigsuspend 1001 1002 1003,1004,1004,27,5 my\040jail\012\134\377` + "\n"},
		{"command cut at 19 raw bytes", func(s *Status) { s.Command = []byte("kworker/u16:3 events_unbound") },
			`kworker/u16:3\040event 4242 4200 4241 4201 pts/3 ctty,sldr 1700000000,12 12,5 0,340000 sigsuspend 1001 1002 1003,1004,1004,27,5 -` + "\n"},
		{"wait channel cut at 19 characters", func(s *Status) { s.WaitChannel = "do_epoll_pwait_interruptible" },
			"zsh 4242 4200 4241 4201 pts/3 ctty,sldr 1700000000,12 12,5 0,340000 do_epoll_pwait_inte 1001 1002 1003,1004,1004,27,5 -\n"},
		{"wait channel not cut in an escape", func(s *Status) { s.WaitChannel = "sixteen letters..\n" },
			`zsh 4242 4200 4241 4201 pts/3 ctty,sldr 1700000000,12 12,5 0,340000 sixteen\040letters. 1001 1002 1003,1004,1004,27,5 -` + "\n"},
		{"zero", func(s *Status) { *s = Status{} },
			`\000 0 0 0 0 - noflags 0,0 0,0 0,0 - 0 0 0,0 -` + "\n"},
		{"great ids", func(s *Status) {
			s.EUID, s.RUID, s.RGID, s.EGID, s.Groups = 4294967294, 4294967293, 4294967292, 4294967291, []uint32{4294967290}
		}, "zsh 4242 4200 4241 4201 pts/3 ctty,sldr 1700000000,12 12,5 0,340000 sigsuspend 4294967294 4294967293 4294967292,4294967291,4294967290 -\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := shell()
			tt.edit(s)
			if got := string(AppendStatus(nil, s)); got != tt.want {
				t.Errorf("got  %swant %s", got, tt.want)
			}
		})
	}
}

// The word of groups may have 255 bytes, and ends after a whole number.
func TestAppendStatusGroups(t *testing.T) {
	tens := func(n int) []uint32 { return slices.Repeat([]uint32{10}, n) } // ",10"
	tests := []struct {
		name   string
		groups []uint32
		want   int // bytes in the word, which begins with "0,0"
	}{
		{"fits exactly", tens(84), 255},
		{"one more", tens(85), 255},
		{"one byte too long", slices.Concat(tens(83), []uint32{100}), 252},
		{"a shorter one behind the cut stays out", slices.Concat(tens(83), []uint32{4000000000, 1}), 252},
		{"65536 groups", tens(65536), 255},
	}
	for _, tt := range tests {
		line := AppendStatus([]byte("x"), &Status{Groups: tt.groups})
		word := strings.Fields(string(line))[13]
		want := ("0,0" + strings.Repeat(",10", 84))[:tt.want]
		if word != want {
			t.Errorf("%s: %d bytes %s, want %d bytes", tt.name, len(word), word, tt.want)
		}
	}
}

func TestAppendStatusWorst(t *testing.T) {
	line := AppendStatus(nil, worst())
	if len(line) != 916 { // what the comment at the limits says; clients take < 1023
		t.Errorf("longest line has %d bytes, want 916: %s", len(line), line)
	}
	checkStatusForm(t, line)
}

func TestStatusRoundTrip(t *testing.T) {
	jailed := shell()
	jailed.Command, jailed.TTY, jailed.Jail = []byte("a b\n\\\x00\xff)"), "tty S0", strings.Repeat("\xff", 64)
	jailed.SessionLeader, jailed.EGID = false, math.MaxUint32
	for _, s := range []*Status{shell(), jailed} {
		line := AppendStatus(nil, s)
		got, err := parseStatus(line)
		if err != nil || !reflect.DeepEqual(got, s) {
			t.Errorf("%s: parsed %+v, %v, want %+v", line, got, err, s)
		}
	}
}

func TestAppendStatusAllocs(t *testing.T) {
	for _, s := range []*Status{shell(), worst(), {}} {
		noAllocs(t, func(dst []byte) []byte { return AppendStatus(dst, s) })
	}
}

func BenchmarkAppendStatus(b *testing.B) {
	s, dst := shell(), make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendStatus(dst[:0], s)
	}
	b.SetBytes(int64(len(dst)))
}
