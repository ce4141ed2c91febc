package provider

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// cannot skips a test with its reason, and fails it in CI.
func cannot(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal("cannot run: " + reason)
	}
	t.Skip("skipped: " + reason)
}

func needRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		cannot(t, "not root, and other users' processes are needed")
	}
}

// openProc is the machine's own procfs.
func openProc(t testing.TB) *FS {
	t.Helper()
	f, err := OpenFS("/proc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// pin opens a process for the test's duration.
func pin(t testing.TB, f *FS, pid int) *Process {
	t.Helper()
	p, err := f.Open(pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func newAuthority(t testing.TB) (*Authority, *FS) { t.Helper(); return newAuthorityKeeping(t, 0) }

// eachAuthority runs a test over a root that keeps nothing, and over one that
// keeps what it opens.
func eachAuthority(t *testing.T, test func(*testing.T, *Authority, *FS)) {
	for name, limit := range map[string]int{"anew": 0, "kept": 64} {
		t.Run(name, func(t *testing.T) {
			a, f := newAuthorityKeeping(t, limit)
			test(t, a, f)
		})
	}
}

func newAuthorityKeeping(t testing.TB, limit int) (*Authority, *FS) {
	t.Helper()
	f := keeping(t, limit)
	a, err := NewAuthority(f)
	if err != nil {
		t.Fatal(err)
	}
	return a, f
}

// asks is the child as a caller.
func (c *child) asks(a *Authority) *Caller { return a.Caller(c.pid, c.uid, c.gid) }

// ours is a root caller with every capability, which is not ourselves.
func ours(t testing.TB, a *Authority) *Caller { return start(t).asks(a) }

// count tells how many entries a directory of /proc/self has.
func count(t testing.TB, dir string) int {
	t.Helper()
	all, err := filepath.Glob("/proc/self/" + dir + "/*")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// leaksNothing calls fn again and again and wants as many descriptors after.
func leaksNothing(t *testing.T, name string, fn func()) {
	t.Helper()
	fn()
	before := count(t, "fd")
	for range 20 {
		fn()
	}
	if after := count(t, "fd"); after > before {
		t.Errorf("%s: %d descriptors before, %d after 20 calls", name, before, after)
	}
}

// eventually waits for what the kernel does in its own time.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Errorf("never: %s", what)
}
