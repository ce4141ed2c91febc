package render

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// ctlNames are those of FreeBSD's old ctl file that every host has, but iot.
const ctlNames = "hup int quit ill trap abrt fpe kill bus segv sys pipe alrm term urg stop tstp cont chld ttin ttou io " +
	"xcpu xfsz vtalrm prof winch usr1 usr2"

// wanted is every word that is a note, upper case, and which.
func wanted() map[string]Note {
	notes := map[string]Note{
		"INTERRUPT": {Name: "SIGINT"}, "HANGUP": {Name: "SIGHUP"}, "ALARM": {Name: "SIGALRM"},
		"IOT": {Name: "SIGABRT"}, "SIGIOT": {Name: "SIGABRT"},
	}
	for name := range strings.FieldsSeq(strings.ToUpper(ctlNames)) {
		notes[name], notes["SIG"+name] = Note{Name: "SIG" + name}, Note{Name: "SIG" + name}
	}
	for n := range 65 {
		notes[strconv.Itoa(n)] = Note{Number: n}
	}
	for _, sig := range []string{"", "SIG"} {
		notes[sig+"RTMIN"], notes[sig+"RTMAX"] = Note{Number: 34}, Note{Number: 64}
		for n := range 31 {
			notes[fmt.Sprintf("%sRTMIN+%d", sig, n)] = Note{Number: 34 + n}
			notes[fmt.Sprintf("%sRTMAX-%d", sig, n)] = Note{Number: 64 - n}
		}
	}
	return notes
}

func TestParseNote(t *testing.T) {
	for word, want := range wanted() {
		mixed := strings.ToLower(word[:1]) + word[1:]
		for _, text := range []string{word, strings.ToLower(word), mixed, word + "\n", word + " \t\n\v\f\r"} {
			if got, err := ParseNote([]byte(text)); err != nil || got != want {
				t.Errorf("%q is %v, %v, want %v", text, got, err, want)
			}
		}
	}
	for text, want := range map[string]Note{
		"015": {Number: 15}, "00": {}, "RTMIN+05": {Number: 39}, strings.Repeat("0", 62) + "64": {Number: 64},
		"9" + strings.Repeat(" ", 1000): {Number: 9},
	} {
		if got, err := ParseNote([]byte(text)); err != nil || got != want {
			t.Errorf("%q is %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestParseNoteErrors(t *testing.T) {
	for _, text := range []string{
		"", "\n", "  ", " term", "\nterm", "term kill", "term\x00", "\x00", "sig", "sigsigterm", "sig term", "sig15", "sig0", "signal",
		"emt", "sigemt", "info", "siginfo", "EMT", "INFO", "cld", "poll", "pwr", "stkflt", "unused", "exit", "null",
		"attach", "detach", "step", "run", "wait", "siginterrupt", "sighangup", "sigalarm",
		"65", "-1", "+1", "1.0", "0x1", "1e1", "99999999999999999999", "18446744073709551625",
		"rtmin+31", "rtmin-1", "rtmin+", "rtmin+-1", "rtmin 1", "rtmin+1x", "rtmin5", "rtmax-31", "rtmax+1", "rtmax-", "rtmax-+1",
		"rtmax5", "rtmin+18446744073709551616", "rt", "rtmi", "sigrt",
		"\u017figterm", "\u017ftop", "k\u0131ll", "\u212aill", "st\u00f6p", "ter\xff", "term\u00a0", strings.Repeat("x", 64),
	} {
		if got, err := ParseNote([]byte(text)); !errors.Is(err, ErrSyntax) || errors.Is(err, ErrTooLong) || got != (Note{}) {
			t.Errorf("%q is %v, %v, want ErrSyntax", text, got, err)
		}
	}
	for _, text := range []string{strings.Repeat("0", 65), strings.Repeat("x", 65) + "\n", strings.Repeat(" ", 64) + "x", strings.Repeat("x", 1<<20)} {
		if got, err := ParseNote([]byte(text)); !errors.Is(err, ErrTooLong) || errors.Is(err, ErrSyntax) || got != (Note{}) {
			t.Errorf("%d bytes: %v, %v, want ErrTooLong", len(text), got, err)
		}
	}
}

func FuzzNote(f *testing.F) {
	for _, text := range []string{"term\n", "SIGRTMIN+3", "rtmax-30", "0", "64", "65", "interrupt", "sig\u017f", "emt", strings.Repeat("0", 65)} {
		f.Add([]byte(text))
	}
	notes := wanted()
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := ParseNote(data)
		text := strings.TrimRight(string(data), " \t\n\v\f\r")
		want, ok := notes[canonical(text)]
		switch {
		case len(text) > 64:
			if !errors.Is(err, ErrTooLong) || got != (Note{}) {
				t.Fatalf("%d bytes: %v, %v", len(text), got, err)
			}
		case !ok:
			if !errors.Is(err, ErrSyntax) || got != (Note{}) {
				t.Fatalf("%q is %v, %v, want ErrSyntax", text, got, err)
			}
		case err != nil || got != want:
			t.Fatalf("%q is %v, %v, want %v", text, got, err, want)
		}
	})
}

// canonical is upper case and without leading zeros, in ASCII alone.
func canonical(text string) string {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return "?"
		}
	}
	text = strings.ToUpper(text)
	start := strings.IndexAny(text, "+-") + 1
	if head := text[:start]; head != "" && !strings.HasSuffix(head, "RTMIN+") && !strings.HasSuffix(head, "RTMAX-") {
		return "?"
	}
	for len(text) > start+1 && text[start] == '0' && text[start+1] >= '0' && text[start+1] <= '9' {
		text = text[:start] + text[start+1:]
	}
	return text
}
