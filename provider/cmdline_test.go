package provider

import (
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Texts of cmdline and environ.
func nulTexts() map[string][]string {
	return map[string][]string{
		"":                          nil,
		"\x00":                      {""},
		"\x00\x00":                  {"", ""},
		"a\x00":                     {"a"},
		"a\x00b\x00":                {"a", "b"},
		"cmd\x00\x00a\x00\x00b\x00": {"cmd", "", "a", "", "b"},
		"\x00a\x00\x00":             {"", "a", ""},
		"\xff\xfe\x00\n\x00":        {"\xff\xfe", "\n"},
		"a rewritten title":         {"a rewritten title"},
		"a\x00b":                    {"a", "b"},
		"\x00b":                     {"", "b"},
	}
}

func TestParseCmdline(t *testing.T) {
	for text, want := range nulTexts() {
		for _, parse := range []func([]byte) []string{ParseCmdline, ParseEnviron} {
			if got := parse([]byte(text)); !slices.Equal(got, want) || (got == nil) != (want == nil) || cap(got) != len(want) {
				t.Errorf("%q: %q, want %q", text, got, want)
			}
		}
	}
}

// The result is not of the text that was parsed.
func TestParseCmdlineCopies(t *testing.T) {
	b := []byte("a\x00bc\x00")
	got := ParseCmdline(b)
	clear(b)
	if !slices.Equal(got, []string{"a", "bc"}) {
		t.Errorf("%q", got)
	}
}

func FuzzParseCmdline(f *testing.F) {
	for text := range nulTexts() {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		list := ParseCmdline(b)
		back := strings.Join(list, "\x00")
		if len(list) > 0 && (b[len(b)-1] == 0) {
			back += "\x00"
		}
		if back != string(b) || (len(b) == 0) != (list == nil) {
			t.Fatalf("%q comes back as %q", b, back)
		}
		if !slices.Equal(list, ParseEnviron(b)) {
			t.Fatal("environ is another form")
		}
	})
}

func TestFault08ArgumentsAreBytes(t *testing.T) {
	wantArgs(t, []string{"\xff", "a\xc3(", "\xed\xa0\x80", "é"})
}

func TestFault09EmptyArguments(t *testing.T) {
	wantArgs(t, []string{"cmd", "", "a", "", "", "b", ""})
	wantArgs(t, []string{"", ""})
}

func wantArgs(t *testing.T, args []string) {
	t.Helper()
	c := start(t, func(c *exec.Cmd) { c.Args = args })
	p := pin(t, openProc(t), c.pid)
	leaksNothing(t, "Cmdline", func() {
		if got, err := p.Cmdline(); err != nil || !slices.Equal(got, args) {
			t.Errorf("%q, %v; want %q", got, err, args)
		}
	})
	task, err := p.Task(c.tid)
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	if got, err := task.Cmdline(); err != nil || !slices.Equal(got, args) {
		t.Errorf("task: %q, %v", got, err)
	}
}

// Longer than a page, and than all room that was lent.
func TestCmdlineLong(t *testing.T) {
	args := []string{"x"}
	for i := range 200 {
		args = append(args, strings.Repeat(fmt.Sprint(i), i*4), "")
	}
	wantArgs(t, args)
}

func TestCmdlineOfNobody(t *testing.T) {
	f := openProc(t)
	c := start(t)
	p := pin(t, f, c.pid)
	c.zombie()
	if got, err := p.Cmdline(); err != nil || got != nil {
		t.Errorf("zombie: %q, %v", got, err)
	}
	c.end()
	if got, err := p.Cmdline(); !errors.Is(err, ErrGone) || got != nil {
		t.Errorf("gone: %q, %v", got, err)
	}
	if k, err := f.Open(2); err == nil {
		defer k.Close()
		if got, err := k.Cmdline(); err != nil || got != nil {
			t.Errorf("kernel thread: %q, %v", got, err)
		}
	}
}

// A process that has written over its arguments.
func TestCmdlineRewritten(t *testing.T) {
	c := start(t, kind("retitled"), func(c *exec.Cmd) { c.Args = []string{"four", "arguments", "in", "all"} })
	p := pin(t, openProc(t), c.pid)
	if got, err := p.Cmdline(); err != nil || !slices.Equal(got, []string{"new title, no end"}) {
		t.Errorf("%q, %v", got, err)
	}
}

// retitle fills our own argument area, the last NUL included: then the kernel
// reads on into the environment, up to the next NUL.
func retitle() error {
	var s Stat
	p, err := Self()
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.Stat(&s); err != nil {
		return err
	}
	const title = "new title, no end"
	if s.ArgEnd == s.ArgStart || uint64(len(title)+1) >= s.EnvEnd-s.ArgStart {
		return unix.ERANGE
	}
	mem, err := p.open("mem", unix.O_RDWR)
	if err != nil {
		return err
	}
	defer unix.Close(mem)
	_, err = unix.Pwrite(mem, []byte(title+"\x00"), int64(s.ArgStart))
	_, err2 := unix.Pwrite(mem, []byte{'.'}, int64(s.ArgEnd-1))
	return errors.Join(err, err2)
}

func TestCmdlineCaptured(t *testing.T) {
	got := ParseCmdline(caseText(t, "argv", "cmdline"))
	empty, odd := 0, 0
	for _, a := range got {
		if a == "" {
			empty++
		}
		if strings.ToValidUTF8(a, "") != a {
			odd++
		}
	}
	if empty == 0 || odd == 0 {
		t.Errorf("%q", got)
	}
	for _, name := range []string{"kthread", "kworker", "zombie"} {
		if got := ParseCmdline(caseText(t, name, "cmdline")); got != nil {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func checkCmdline(p *Process) error {
	return steady(p, "cmdline", func(raw []byte) error {
		list, err := p.Cmdline()
		if err != nil {
			return err
		}
		return sameList("cmdline", list, raw)
	})
}

// sameList compares a list with the text cut at its NULs.
func sameList(what string, list []string, raw []byte) error {
	var want []string
	if len(raw) > 0 {
		want = strings.Split(strings.TrimSuffix(string(raw), "\x00"), "\x00")
	}
	return same(what, fmt.Sprintf("%q", list), fmt.Sprintf("%q", want))
}
