package nodes

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/procfsd/procfsd/render"
	"golang.org/x/sys/unix"
)

func processRow(name string) *Row { return ByName(processRows, name) }

// TestSignalOf: every name that a note may have is a signal of this host, with
// Linux's number.
func TestSignalOf(t *testing.T) {
	for name, want := range map[string]unix.Signal{
		"hup": 1, "int": 2, "quit": 3, "ill": 4, "trap": 5, "abrt": 6, "iot": 6, "bus": 7, "fpe": 8, "kill": 9, "usr1": 10, "segv": 11,
		"usr2": 12, "pipe": 13, "alrm": 14, "term": 15, "chld": 17, "cont": 18, "stop": 19, "tstp": 20, "ttin": 21, "ttou": 22, "urg": 23,
		"xcpu": 24, "xfsz": 25, "vtalrm": 26, "prof": 27, "winch": 28, "io": 29, "sys": 31,
		"interrupt": 2, "hangup": 1, "alarm": 14, "rtmin": 34, "rtmin+3": 37, "rtmax": 64, "rtmax-1": 63, "0": 0, "9": 9, "32": 32, "64": 64,
	} {
		for _, text := range []string{name, strings.ToUpper(name) + "\n"} {
			note, err := render.ParseNote([]byte(text))
			if err != nil {
				t.Errorf("%q: %v", text, err)
				continue
			}
			if got, err := signalOf(note); err != nil || got != int(want) {
				t.Errorf("%q: %d, %v; want %d", text, got, err, want)
			}
		}
	}
	for _, name := range []string{"SIGINFO", "SIGEMT", "KILL"} {
		if got, err := signalOf(render.Note{Name: name}); !errors.Is(err, ErrSyntax) || got != 0 {
			t.Errorf("%s: %d, %v", name, got, err)
		}
	}
}

// person is a kind of process, made with its users; "undumpable" is a command.
type person struct {
	name       string
	kind       string
	uid, gid   uint32
	ids        *[3]uint32
	undumpable bool
}

func (p person) start(t *testing.T) *child {
	t.Helper()
	c := startAs(t, p.kind, "/proc/self/exe", p.uid, p.gid)
	if p.ids != nil {
		c.ids(p.ids[0], p.ids[1], p.ids[2])
	}
	if p.undumpable {
		c.answer("undumpable")
	}
	return c
}

// TestPost: a note is sent exactly where the caller's own kill(2) would do it
// and the caller could open the target's memory; the target sees the caller as
// who sent it. What is refused does not arrive.
func TestPost(t *testing.T) {
	needRoot(t)
	tree := openTree(t, Options{GID: -1})
	callers := []person{
		{name: "alice", kind: "plain", uid: alice, gid: alice},
		{name: "bob", kind: "plain", uid: bob, gid: bob},
		{name: "alice of bob's group", kind: "plain", uid: alice, gid: bob},
		{name: "root", kind: "plain"},
		{name: "root without capabilities", kind: "bare"},
		{name: "root that may trace", kind: "ptracer"},
		{name: "root that may kill", kind: "killer"},
		{name: "alice, effectively bob", kind: "plain", ids: &[3]uint32{alice, bob, alice}},
		{name: "root, effectively alice", kind: "plain", ids: &[3]uint32{0, alice, 0}},
	}
	targets := []person{
		{name: "alice", kind: "deaf", uid: alice, gid: alice},
		{name: "bob", kind: "deaf", uid: bob, gid: bob},
		{name: "alice of bob's group", kind: "deaf", uid: alice, gid: bob},
		{name: "root", kind: "deaf"},
		{name: "alice, undumpable", kind: "deaf", uid: alice, gid: alice, undumpable: true},
		{name: "alice, saved root", kind: "deaf", ids: &[3]uint32{alice, alice, 0}},
		{name: "root, effectively alice", kind: "deaf", ids: &[3]uint32{0, alice, alice}},
		{name: "alice, effectively bob", kind: "deaf", ids: &[3]uint32{alice, bob, alice}},
	}
	var hearers []*child
	for _, target := range targets {
		hearers = append(hearers, target.start(t))
	}
	granted, refused := 0, 0
	for _, person := range callers {
		c := person.start(t)
		for i, target := range hearers {
			native := c.answer("kill %d 0", target.pid) == "true" && c.answer("mem %d", target.pid) == "true"
			what := fmt.Sprintf("%s to %s", person.name, targets[i].name)
			if native {
				granted++
			} else {
				refused++
			}
			for _, node := range []string{"note", "notepg"} {
				for note, number := range map[string]int{"0": 0, "usr1\n": 10, "SIGUSR2": 12, "rtmin+6": 40} {
					err := write(find(t, c.asks(tree), target.pid), processRow(node), note)
					if (err == nil) != native {
						t.Errorf("%s: %s > %s: %v, native %v", what, note, node, err, native)
					}
					if err != nil && !errors.Is(err, ErrHidden) && !errors.Is(err, os.ErrPermission) {
						t.Errorf("%s: %s > %s: %v", what, note, node, err)
					}
					want := ""
					if native && number != 0 { // -1 is SI_QUEUE
						want = fmt.Sprintf("%d/-1/%d/%d", number, c.pid, realUID(person))
					}
					if got := target.answer("heard"); got != want {
						t.Errorf("%s: %s > %s: heard %q, want %q", what, note, node, got, want)
					}
				}
			}
			if err := write(find(t, c.asks(tree), target.pid), processRow("note"), "cont"); err == nil && !native {
				t.Errorf("%s: continued", what)
			}
		}
	}
	if granted < len(targets) || refused < len(targets) {
		t.Errorf("%d granted, %d refused: the table shows nothing", granted, refused)
	}
}

func realUID(p person) uint32 {
	if p.ids != nil {
		return p.ids[0]
	}
	return p.uid
}

// TestPostAgain: what was granted at open is asked again at each write.
func TestPostAgain(t *testing.T) {
	needRoot(t)
	tree := openTree(t, Options{GID: -1})
	target := startAs(t, "deaf", "/proc/self/exe", alice, alice)
	q := find(t, startAs(t, "plain", "/proc/self/exe", alice, alice).asks(tree), target.pid)
	for _, node := range []string{"note", "notepg"} {
		if err := processRow(node).Store(q, []byte("usr1")); err != nil || target.answer("heard") == "" {
			t.Errorf("%s: before: %v", node, err)
		}
	}
	target.answer("undumpable") // kill(2) goes on to work
	for _, node := range []string{"note", "notepg"} {
		if err := processRow(node).Store(q, []byte("usr1")); !errors.Is(err, ErrHidden) {
			t.Errorf("%s: %v", node, err)
		}
	}
	if got := target.answer("heard"); got != "" {
		t.Errorf("heard %q", got)
	}
	target.kill()
	for _, node := range []string{"note", "notepg"} {
		if err := processRow(node).Store(q, []byte("usr1")); err == nil {
			t.Errorf("%s: a zombie has got it", node)
		}
	}
}

// TestNoteSyntax: what is no note is refused, and nothing is sent.
func TestNoteSyntax(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	c := startAs(t, "deaf", "/proc/self/exe", uint32(os.Getuid()), uint32(os.Getgid()))
	q := find(t, c.asks(tree), c.pid)
	for _, node := range []string{"note", "notepg"} {
		for text, want := range map[string]error{
			"": ErrSyntax, "\n": ErrSyntax, "emt": ErrSyntax, "info": ErrSyntax, "65": ErrSyntax, "-1": ErrSyntax, "usr1 usr2": ErrSyntax,
			"usr1\x00": ErrSyntax, " usr1": ErrSyntax, "rtmin+31": ErrSyntax, strings.Repeat("x", 65): ErrTooLong,
		} {
			if err := write(q, processRow(node), text); !errors.Is(err, want) {
				t.Errorf("%q > %s: %v, want %v", text, node, err, want)
			}
		}
	}
	if got := c.answer("heard"); got != "" {
		t.Errorf("heard %q", got)
	}
}
