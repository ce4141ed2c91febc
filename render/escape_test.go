package render

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

var errForm = errors.New("not of the documented form")

// unescape undoes the escapes of a word. It takes only what the room may print:
// no byte that should have been escaped, no escape that was not needed.
func unescape(word string) ([]byte, error) {
	var raw []byte
	for i := 0; i < len(word); i++ {
		c := word[i]
		if c == '\\' {
			if i+4 > len(word) {
				return nil, fmt.Errorf("%w: cut escape in %q", errForm, word)
			}
			n, err := strconv.ParseUint(word[i+1:i+4], 8, 8)
			if err != nil || n > 32 && n < 127 && n != '\\' {
				return nil, fmt.Errorf("%w: escape in %q", errForm, word)
			}
			raw, i = append(raw, byte(n)), i+3
			continue
		}
		if c <= ' ' || c >= 0x7f {
			return nil, fmt.Errorf("%w: raw byte in %q", errForm, word)
		}
		raw = append(raw, c)
	}
	return raw, nil
}

func TestAppendEscape(t *testing.T) {
	for c, want := range map[byte]string{
		0: `\000`, '\n': `\012`, ' ': `\040`, '\\': `\134`, 127: `\177`, 128: `\200`, 0303: `\303`, 255: `\377`,
	} {
		if got := string(appendEscape([]byte("x"), c)); got != "x"+want {
			t.Errorf("appendEscape(x, %d) = %s, want x%s", c, got, want)
		}
	}
}

func TestPlain(t *testing.T) {
	for c := range 256 {
		want := bytes.IndexByte([]byte("!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~"), byte(c)) >= 0
		if got := plain(byte(c)); got != want {
			t.Errorf("plain(%#x) = %v, want %v", c, got, want)
		}
	}
}

func TestAppendName(t *testing.T) {
	tests := []struct{ name, want string }{
		{"", `\000`},
		{"sh", "sh"},
		{"-", "-"},
		{"(sd-pam)", "(sd-pam)"},
		{"Web Content", `Web\040Content`},
		{"a\nb) S 1", `a\012b)\040S\0401`},
		{`back\slash`, `back\134slash`},
		{"caf\xc3\xa9", `caf\303\251`},
		{"\x00\x7f\xff", `\000\177\377`},
		{"0123456789012345678", "0123456789012345678"},
		{"01234567890123456789", "0123456789012345678"},
		{"012345678901234567\n9", `012345678901234567\012`},
		{strings.Repeat("\xff", 20), strings.Repeat(`\377`, 19)},
	}
	for _, tt := range tests {
		if got := string(appendName([]byte("x"), []byte(tt.name), 19)); got != "x"+tt.want {
			t.Errorf("appendName(x, %q) = %s, want x%s", tt.name, got, tt.want)
		}
	}
}

func TestAppendToken(t *testing.T) {
	tests := []struct{ s, want string }{
		{"", "-"},
		{"-", "-"},
		{"pts/3", "pts/3"},
		{"a b", `a\040b`},
		{"12345678", "12345678"},
		{"123456789", "12345678"},
		{"1234\n", `1234\012`},
		{"12345\n", "12345"},    // the escape does not fit whole
		{"12345\n678", "12345"}, // and what follows is not joined to what precedes
		{"\xff\xff\xff", `\377\377`},
	}
	for _, tt := range tests {
		if got := string(appendToken([]byte("x"), tt.s, 8)); got != "x"+tt.want {
			t.Errorf("appendToken(x, %q) = %s, want x%s", tt.s, got, tt.want)
		}
	}
}

func TestAppendPath(t *testing.T) {
	long := strings.Repeat("/directory", 500)
	tests := []struct{ path, want string }{
		{"", "-"},
		{"/bin/sh", "/bin/sh"},
		{"/a b/c (deleted)", "/a b/c (deleted)"},
		{"/tab\there\r\xff\\040", "/tab\there\r\xff\\040"},
		{"\n", `\012`},
		{"/a\n\nb\n", `/a\012\012b\012`},
		{long, long},
	}
	for _, tt := range tests {
		if got := string(appendPath([]byte("x"), tt.path)); got != "x"+tt.want {
			t.Errorf("appendPath(x, %q) = %q, want x%q", tt.path, got, tt.want)
		}
	}
}

// noAllocs fails the test if appending to a dst with room allocates, and
// checks the append contract: what was in dst stays.
func noAllocs(t *testing.T, appendTo func(dst []byte) []byte) {
	t.Helper()
	dst := append(make([]byte, 0, 64<<10), "before"...)
	if n := testing.AllocsPerRun(100, func() { appendTo(dst) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
	got, alone := appendTo(dst), appendTo(nil)
	if !bytes.Equal(got, append([]byte("before"), alone...)) {
		t.Errorf("appended to %q: %q, to nothing: %q", dst, got, alone)
	}
	if &got[0] != &dst[0] {
		t.Error("dst had room and was left")
	}
}
