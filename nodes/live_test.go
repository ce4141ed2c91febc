package nodes

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/procfsd/procfsd/provider"
	"golang.org/x/sys/unix"
)

// TestCurproc: the process, whichever of its threads asks.
func TestCurproc(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	c := start(t)
	for _, tid := range []int{c.pid, c.tid} {
		q := ask(t, tree, tid, c.uid, c.gid)
		for _, name := range []string{"curproc", "self"} {
			got, err := text(q, ByName(rootRows, name))
			if err != nil || got != strconv.Itoa(c.pid) {
				t.Errorf("%s of thread %d: %q, %v", name, tid, got, err)
			}
		}
	}
}

// TestNatively: the texts say what the machine's own files say.
func TestNatively(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	c := start(t)
	q := find(t, c.asks(tree), c.pid)
	native := func(name string) string {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", c.pid, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if got, want := processText(t, q, "cmdline"), native("cmdline"); got != want || got == "" {
		t.Errorf("cmdline: %q, want %q", got, want)
	}
	want := "Linux ELF64\n"
	if strconv.IntSize == 32 {
		want = "Linux ELF32\n"
	}
	if got := processText(t, q, "etype"); got != want {
		t.Errorf("etype: %q", got)
	}
	var entries, maps int
	for range 100 { // its runtime may map more at any time
		if entries, maps = strings.Count(processText(t, q, "map"), "\n"), strings.Count(native("maps"), "\n"); entries == maps {
			break
		}
	}
	if entries != maps || maps == 0 {
		t.Errorf("%d entries, want %d", entries, maps)
	}
	waitState(t, c.pid, "S")
	q = find(t, c.asks(tree), c.pid)
	words := strings.Fields(processText(t, q, "status"))
	if len(words) != 15 || words[1] != strconv.Itoa(c.pid) || words[2] != strconv.Itoa(os.Getpid()) || words[14] != "-" {
		t.Errorf("status: %q", words)
	}
	if words[10] != "nochan" { // its main thread is who asks
		t.Errorf("wait channel of the caller itself: %q", words)
	}
}

// TestMapRefused: an exec or an exit ends what was opened before it.
func TestMapRefused(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	for _, end := range []string{"exec", "kill"} {
		c := start(t)
		q := find(t, ourselves(t, tree), c.pid)
		if os.Geteuid() != 0 {
			q = find(t, c.asks(tree), c.pid)
		}
		file, err := openMap(q, Access{Read: true})
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		memory, err := openMem(q, Access{Read: true})
		if err != nil {
			t.Fatal(err)
		}
		defer memory.Close()
		if end == "exec" {
			c.do("exec")
			c.hello()
		} else {
			c.kill()
		}
		q.File = file
		if text, err := fillMap(q, nil); !errors.Is(err, ErrGone) || text != nil {
			t.Errorf("map after %s: %d bytes, %v", end, len(text), err)
		}
		n, err := memory.(StreamFile).ReadAt(q, make([]byte, 8), 0x10000)
		gone := errors.Is(err, ErrGone) || end == "kill" && errors.Is(err, ErrHidden) && os.Geteuid() != 0
		if !gone || n != 0 { // a zombie's memory is nobody's but root's
			t.Errorf("mem after %s: %d bytes, %v", end, n, err)
		}
		n, err = memory.(StreamFile).WriteAt(q, make([]byte, 8), 0x10000)
		if err == nil || n != 0 {
			t.Errorf("write to mem after %s: %d bytes, %v", end, n, err)
		}
	}
}

// TestMapMemory: the memory for a map is asked for before it is used.
func TestMapMemory(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	c := start(t)
	q := find(t, c.asks(tree), c.pid)
	asked, refusal := 0, errors.New("no")
	q.Reserve = func(n int) error { asked += n; return nil }
	got := processText(t, q, "map")
	if asked < len(got) {
		t.Errorf("asked for %d bytes, used %d", asked, len(got))
	}
	q.Reserve = func(int) error { return refusal }
	if got, err := text(q, ByName(processRows, "map")); !errors.Is(err, refusal) || got != "" {
		t.Errorf("refused: %q, %v", got, err)
	}
	table := ByName(rootRows, "status")
	if got, err := text(ourselves(t, tree), table); err != nil || !strings.Contains(got, " "+strconv.Itoa(c.pid)+" ") {
		t.Errorf("table: %q, %v", got, err)
	}
	q = ourselves(t, tree)
	q.Reserve = func(int) error { return refusal }
	if _, err := text(q, table); !errors.Is(err, refusal) {
		t.Errorf("table, refused: %v", err)
	}
}

// TestLongCmdline: arguments beyond the usual, and none beyond the bound that
// memory allows.
func TestLongCmdline(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), childEnv+"=plain")
	want := []byte("child\x00")
	cmd.Args = []string{"child"}
	for i := range 4 {
		arg := strings.Repeat(string(rune('a'+i)), 100<<10)
		cmd.Args = append(cmd.Args, arg)
		want = append(append(want, arg...), 0)
	}
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Process.Kill(); cmd.Wait() })
	if err := read(out.Read, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	q := find(t, ourselves(t, tree), cmd.Process.Pid)
	asked := 0
	q.Reserve = func(n int) error { asked += n; return nil }
	got, err := fillCmdline(q, []byte("before"))
	if err != nil || !bytes.Equal(got, append([]byte("before"), want...)) {
		t.Errorf("%d bytes, want %d; %v", len(got), len(want), err)
	}
	if asked < len(got) {
		t.Errorf("asked for %d bytes, used %d", asked, len(got))
	}
	refusal := errors.New("no")
	q.Reserve = func(int) error { return refusal }
	if got, err := fillCmdline(q, []byte("before")); !errors.Is(err, refusal) || string(got) != "before" {
		t.Errorf("refused: %d bytes, %v", len(got), err)
	}
}

// TestABI: what is no ELF file has no ABI.
func TestABI(t *testing.T) {
	for class, want := range map[provider.ELFClass]string{
		provider.ELF64: "Linux ELF64", provider.ELF32: "Linux ELF32", provider.ELFNone: "Not Available", 9: "Not Available",
	} {
		if got := abiOf(class).String(); got != want {
			t.Errorf("%v: %q, want %q", class, got, want)
		}
	}
}

func TestAccessFlags(t *testing.T) {
	for access, want := range map[Access]int{
		{Read: true}: unix.O_RDONLY, {Write: true}: unix.O_WRONLY, {Read: true, Write: true}: unix.O_RDWR,
	} {
		if got := access.flags(); got != want {
			t.Errorf("%+v: %#o, want %#o", access, got, want)
		}
	}
}

// TestNotProc: another directory is no procfs.
func TestNotProc(t *testing.T) {
	if tree, err := Open(Options{Proc: t.TempDir(), GID: -1}); !errors.Is(err, ErrNotProc) || tree != nil {
		t.Errorf("%v, %v", tree, err)
	}
	if tree, err := Open(Options{Proc: "/nonexistent", GID: -1}); err == nil || tree != nil {
		t.Errorf("%v, %v", tree, err)
	}
}
