package render

import (
	"bytes"
	"encoding/binary"
	"math"
	"reflect"
	"strings"
	"testing"
)

// checkStatusForm holds for every line, whatever went in.
func checkStatusForm(t *testing.T, line []byte) *Status {
	t.Helper()
	if bytes.Count(line, []byte("\n")) != 1 || len(line) >= 1023 {
		t.Fatalf("%d bytes or not one newline: %q", len(line), line)
	}
	s, err := parseStatus(line) // 15 words, none empty, newline at the end
	if err != nil {
		t.Fatal(err)
	}
	word := strings.Split(string(line), " ")
	for i, limit := range map[int]int{0: 76, 5: 63, 10: 19, 13: 255, 14: 257} {
		if len(word[i]) > limit { // the jail's word has the newline with it
			t.Fatalf("field %d has %d bytes, want ≤ %d: %q", i+1, len(word[i]), limit, line)
		}
	}
	return s
}

// gids makes groups of a fuzzer's bytes; never nil in the same way as parsed.
func gids(b []byte) []uint32 {
	g := []uint32{}
	for ; len(b) >= 4; b = b[4:] {
		g = append(g, binary.LittleEndian.Uint32(b))
	}
	return g
}

func FuzzStatus(f *testing.F) {
	f.Add([]byte("zsh"), "pts/3", "sigsuspend", "", []byte{1, 0, 0, 0, 2, 0, 0, 0}, 42, int64(12), int64(5), uint32(1000), uint32(100), true, true)
	f.Add([]byte(""), "", "", "a b\n", []byte{}, 0, int64(0), int64(0), uint32(0), uint32(0), false, true)
	f.Add([]byte("\x00\xff \n)"), strings.Repeat("\n", 99), strings.Repeat("\xff", 99), strings.Repeat("\\", 99),
		bytes.Repeat([]byte{255}, 400), math.MinInt, int64(math.MinInt64), int64(math.MinInt64), uint32(math.MaxUint32), uint32(math.MaxUint32), true, false)
	f.Fuzz(func(t *testing.T, command []byte, tty, wait, jail string, groups []byte, pid int, sec, usec int64, uid, gid uint32, ctty, sldr bool) {
		s := &Status{
			Command: command, PID: pid, PPID: pid / 2, PGID: pid / 3, SID: -pid, TTY: tty,
			ControlTerminal: ctty, SessionLeader: sldr,
			Start: Time{sec, usec}, User: Time{usec, sec}, System: Time{-sec, -usec}, WaitChannel: wait,
			EUID: uid, RUID: ^uid, RGID: gid, EGID: ^gid, Groups: gids(groups), Jail: jail,
		}
		line := AppendStatus(nil, s)
		got := checkStatusForm(t, line)
		if again := AppendStatus(nil, got); !bytes.Equal(again, line) {
			t.Fatalf("line  %qagain %q", line, again)
		}
		checkStatusCuts(t, got, s)
	})
}

// checkStatusCuts wants got to be s, but for what the cuts have left out.
func checkStatusCuts(t *testing.T, got, s *Status) {
	t.Helper()
	want := *s
	want.Command = s.Command[:min(19, len(s.Command))]
	if len(want.Command) == 0 {
		want.Command = []byte{0}
	}
	want.TTY = kept(t, got.TTY, s.TTY, 63)
	want.WaitChannel = kept(t, got.WaitChannel, s.WaitChannel, 19)
	want.Jail = kept(t, got.Jail, s.Jail, 256)
	n := len(got.Groups)
	if n > len(s.Groups) || n < len(s.Groups) && n < 21 { // 21 of ten digits beside rgid and egid
		t.Fatalf("%d of %d groups", n, len(s.Groups))
	}
	want.Groups = s.Groups[:n]
	if !reflect.DeepEqual(got, &want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

// kept gives the beginning of s that a token may have kept. One that was cut
// had no room for another escape.
func kept(t *testing.T, got, s string, limit int) string {
	t.Helper()
	if s == "-" {
		s = "" // the one word that stands for two values
	}
	if len(got) > len(s) || len(got) < len(s) && len(got) < limit/4 {
		t.Fatalf("kept %q of %q", got, s)
	}
	return s[:len(got)]
}
