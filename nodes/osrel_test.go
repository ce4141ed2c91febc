package nodes

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/procfsd/procfsd/provider"
)

func osrelRow() *Row { return ByName(processRows, "osrel") }

// write has a row store data as fs does.
func write(q *Query, row *Row, data string) error {
	if err := q.See(row); err != nil {
		return err
	}
	file, err := row.Open(q, Access{Write: true})
	if err != nil {
		return err
	}
	defer file.Close()
	q.File = file
	return row.Store(q, []byte(data))
}

// TestOsrels: what was set is got, for that image of that process alone.
func TestOsrels(t *testing.T) {
	o := newOsrels()
	a, b := ID{10, 1}, ID{10, 2} // the number passed on
	one, other := provider.ExecIdentity{Inode: 1}, provider.ExecIdentity{Inode: 1, StartStack: 1}
	want := func(what string, id ID, image provider.ExecIdentity, value int32, ok bool) {
		t.Helper()
		if got, found := o.get(id, image); found != ok || got != value && ok {
			t.Errorf("%s: %d, %v; want %d, %v", what, got, found, value, ok)
		}
	}
	want("never set", a, one, 0, false)
	o.set(a, one, 5)
	want("set", a, one, 5, true)
	want("another process", b, one, 0, false)
	o.set(b, one, 6)
	o.set(a, one, 0)
	want("set again", a, one, 0, true)
	want("set beside it", b, one, 6, true)
	want("after an exec", a, other, 0, false)
	want("back, as if it had never been", a, one, 0, false)
	want("set beside it", b, one, 6, true)
	if len(o.values) != 1 || len(o.order) != 1 {
		t.Errorf("%d values in an order of %d, want 1", len(o.values), len(o.order))
	}
}

// TestOsrelsBound: the oldest make room, and setting anew makes young.
func TestOsrelsBound(t *testing.T) {
	o := newOsrels()
	image := provider.ExecIdentity{Inode: 1}
	for i := range maxOsrels {
		o.set(ID{PID: i + 1}, image, int32(i))
	}
	o.set(ID{PID: 1}, image, -1)
	for i := range 10 {
		o.set(ID{PID: maxOsrels + 1 + i}, image, 7)
	}
	if len(o.values) != maxOsrels || len(o.order) != maxOsrels {
		t.Errorf("%d values in an order of %d, want %d", len(o.values), len(o.order), maxOsrels)
	}
	for pid := 2; pid <= maxOsrels+10; pid++ {
		if _, ok := o.get(ID{PID: pid}, image); ok != (pid > 11) {
			t.Errorf("%d is there: %v", pid, ok)
		}
	}
	if v, ok := o.get(ID{PID: 1}, image); !ok || v != -1 {
		t.Errorf("what was set anew: %d, %v", v, ok)
	}
}

// TestOsrelsSweep: however long others live, what has exited goes in the end,
// and never more than two are asked about at a time.
func TestOsrelsSweep(t *testing.T) {
	o := newOsrels()
	image := provider.ExecIdentity{Inode: 1}
	const lasting, passing = 50, 5000
	asked := 0
	lives := func(id ID) bool { asked++; return id.PID <= lasting }
	for pid := 1; pid <= lasting; pid++ {
		o.set(ID{PID: pid}, image, int32(pid))
		o.sweep(lives)
	}
	for i := range passing {
		asked = 0
		o.set(ID{PID: lasting + 1 + i}, image, 0)
		o.sweep(lives)
		if asked > 2 {
			t.Fatalf("asked %d times", asked)
		}
		if n := len(o.values); n > 2*lasting+2 {
			t.Fatalf("%d values, of which %d live", n, lasting)
		}
	}
	for range 2 * lasting {
		o.sweep(lives)
	}
	if len(o.values) != lasting || len(o.order) != lasting {
		t.Errorf("%d values in an order of %d, want %d", len(o.values), len(o.order), lasting)
	}
	for pid := 1; pid <= lasting; pid++ {
		if v, ok := o.get(ID{PID: pid}, image); !ok || v != int32(pid) {
			t.Errorf("of a process that lives: %d, %v", v, ok)
		}
	}
	o.sweep(func(ID) bool { return false })
	newOsrels().sweep(func(ID) bool { t.Error("asked about nothing"); return true })
}

// TestOsrelExit: real processes that have exited are forgotten; one that runs,
// or only waits to be reaped, is not mistaken.
func TestOsrelExit(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	stays := start(t)
	for i := range 5 {
		c := start(t)
		if err := write(find(t, c.asks(tree), c.pid), osrelRow(), "7"); err != nil {
			t.Fatal(err)
		}
		if c.kill(); i%2 == 0 { // else it stays a zombie
			c.cmd.Wait()
		}
	}
	q := find(t, stays.asks(tree), stays.pid)
	for range 5 {
		if err := write(q, osrelRow(), "8"); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(tree.osrels.values); n != 1 {
		t.Errorf("%d values, want 1", n)
	}
	if got := processText(t, q, "osrel"); got != "8\n" {
		t.Errorf("%q", got)
	}
}

// TestOsrelOfReal: what the notes of real programs say, what is written instead,
// and that an exec ends it.
func TestOsrelOfReal(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	ask := func(c *child) *Query { return find(t, c.asks(tree), c.pid) }

	c := start(t)
	native := processText(t, ask(c), "osrel") // this binary's
	if want := osrelOf(t, "/proc/self/exe"); native != want {
		t.Errorf("%q, want %q", native, want)
	}
	for _, test := range [][2]string{{"1400097", "1400097\n"}, {"0012 \n", "12\n"}, {"", "0\n"}, {"2147483647", "2147483647\n"}, {"0", "0\n"}, {"42\n", "42\n"}} {
		if err := write(ask(c), osrelRow(), test[0]); err != nil {
			t.Errorf("%q: %v", test[0], err)
		}
		if got := processText(t, ask(c), "osrel"); got != test[1] {
			t.Errorf("%q reads %q, want %q", test[0], got, test[1])
		}
	}
	for _, bad := range []string{"-1", "+1", " 1", "1 2", "0x1", "2147483648", "99999999999999999999", "1\x00", "x", "1\n2"} {
		if err := write(ask(c), osrelRow(), bad); !errors.Is(err, ErrSyntax) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if got := processText(t, ask(c), "osrel"); got != "42\n" {
		t.Errorf("after what was refused: %q", got)
	}
	other := start(t)
	if got := processText(t, ask(other), "osrel"); got != native {
		t.Errorf("another process of that program: %q", got)
	}
	c.do("exec")
	c.hello()
	if got := processText(t, ask(c), "osrel"); got != native {
		t.Errorf("after exec: %q", got)
	}
	if err := write(ask(c), osrelRow(), "9"); err != nil {
		t.Error(err)
	}
	c.do("become /bin/sleep")
	waitExe(t, c.pid, "sleep")
	want := osrelOf(t, "/bin/sleep")
	if got := processText(t, ask(c), "osrel"); got != want || want == "0\n" {
		t.Errorf("/bin/sleep: %q, want %q", got, want)
	}
}

// TestOsrelWithoutNotes: a static program has none.
func TestOsrelWithoutNotes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "static")
	build(t, path, "")
	tree := openTree(t, Options{GID: -1})
	c := startAs(t, "plain", path, uint32(os.Getuid()), uint32(os.Getgid()))
	q := find(t, c.asks(tree), c.pid)
	if got := processText(t, q, "osrel"); got != "0\n" {
		t.Errorf("%q", got)
	}
	if err := write(q, osrelRow(), "3"); err != nil || processText(t, q, "osrel") != "3\n" {
		t.Errorf("written: %v", err)
	}
}

// TestOsrelRights: who loses the rights has no answer, not even 0.
func TestOsrelRights(t *testing.T) {
	needRoot(t)
	tree := openTree(t, Options{GID: -1})
	const exe = "/proc/self/exe"
	target, caller, root := startAs(t, "plain", exe, alice, alice), startAs(t, "plain", exe, alice, alice), startAs(t, "plain", exe, 0, 0)
	q := find(t, caller.asks(tree), target.pid)
	if err := write(q, osrelRow(), "5"); err != nil {
		t.Fatal(err)
	}
	target.answer("undumpable")
	if got, err := osrelRow().Fill(q, nil); !errors.Is(err, ErrHidden) || len(got) != 0 {
		t.Errorf("read: %q, %v", got, err)
	}
	if err := osrelRow().Store(q, []byte("6")); err == nil {
		t.Error("written")
	}
	if got := processText(t, find(t, root.asks(tree), target.pid), "osrel"); got != "5\n" {
		t.Errorf("root reads %q", got)
	}
	target.kill()
	if got, err := osrelRow().Fill(q, nil); err == nil || len(got) != 0 {
		t.Errorf("of a zombie: %q, %v", got, err)
	}
}

// osrelOf is what readelf(1) would show: the one number after "OS: Linux, ABI:".
func osrelOf(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const head = "\x04\x00\x00\x00\x10\x00\x00\x00\x01\x00\x00\x00GNU\x00\x00\x00\x00\x00"
	if _, after, ok := strings.Cut(string(b[:min(len(b), 1<<16)]), head); ok {
		if after[:12] != "\x03\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00" {
			t.Fatalf("%s is for %q: this test knows 3.2.0 alone", path, after[:12])
		}
		return "197120\n" // 3<<16 | 2<<8
	}
	return "0\n"
}

// waitExe waits until pid executes a program of that name.
func waitExe(t *testing.T, pid int, name string) {
	t.Helper()
	for {
		path, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(filepath.Base(path), name) || strings.Contains(path, "coreutils") {
			return
		}
	}
}

// build makes this test's child a static program, of another architecture if
// one is named.
func build(t *testing.T, path, goarch string) {
	t.Helper()
	source := filepath.Join(t.TempDir(), "main.go")
	writeFile(t, source, []byte(`package main

import (
	"fmt"
	"os"
)

func main() { fmt.Println(os.Getpid(), os.Getpid()); os.Stdin.Read(make([]byte, 1)) }
`))
	cmd := exec.Command("go", "build", "-o", path, source)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if goarch != "" {
		cmd.Env = append(cmd.Env, "GOARCH="+goarch)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.Chmod(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
}
