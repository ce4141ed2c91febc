package provider

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// probes are the gated things, each judged by the kernel in its own way.
var probes = []struct {
	file  string
	flags int
}{
	{"mem", unix.O_RDONLY}, {"mem", unix.O_RDWR}, {"mem", unix.O_WRONLY},
	{"maps", unix.O_RDONLY}, {"smaps", unix.O_RDONLY}, {"environ", unix.O_RDONLY},
	{"exe", unix.O_RDONLY}, {"syscall", unix.O_RDONLY}, {"ns/user", unix.O_RDONLY}, {"root", unix.O_PATH},
}

// probe opens each and gives the outcomes.
func probe(p *Process) (b strings.Builder) {
	for _, x := range probes {
		fd, err := openat(p.fd, x.file, x.flags)
		if err == nil {
			unix.Close(fd)
		}
		fmt.Fprintf(&b, " %s/%d=%t", x.file, x.flags, err == nil)
	}
	return b
}

const targetsEnv = "PROCFSD_PROVIDER_TEST_TARGETS"

// roleProbe is a native caller: it opens everything itself.
func roleProbe() error {
	if mask := os.Getenv("PROCFSD_PROVIDER_TEST_CAPS"); mask != "" {
		caps, err := strconv.ParseUint(mask, 10, 64)
		if err := errors.Join(err, mainThread(unix.SYS_CAPSET, capsHeader(), capsData(Caps(caps)))); err != nil {
			return err
		}
	}
	f, err := OpenFS("/proc")
	if err != nil {
		return err
	}
	for _, field := range strings.Fields(os.Getenv(targetsEnv)) {
		pid, _ := strconv.Atoi(field)
		p, err := f.Open(pid)
		if err != nil {
			return err
		}
		b := probe(p)
		fmt.Println(b.String())
		p.Close()
	}
	return nil
}

// Under borrowed credentials the kernel answers as it does natively.
func TestBorrowedIsNative(t *testing.T) {
	l := testLender(t)
	f := openProc(t)
	targets := map[string]*child{
		"alice": start(t, user(alice)), "bob": start(t, user(bob)), "root": start(t),
		"alice undumpable": start(t, user(alice), kind("undump")),
		"root undumpable":  start(t, kind("undump")),
		"bare root":        start(t, kind("bare")),
		"capable alice":    start(t, user(alice), ambient(unix.CAP_NET_BIND_SERVICE)),
		"alice of bob":     start(t, func(c *exec.Cmd) { c.SysProcAttr.Credential = &syscall.Credential{Uid: alice, Gid: bob} }),
	}
	names, pids := make([]string, 0, len(targets)), []string{}
	for name := range targets {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		pids = append(pids, strconv.Itoa(targets[name].pid))
	}
	const trace, bind = 1 << unix.CAP_SYS_PTRACE, 1 << unix.CAP_NET_BIND_SERVICE
	granted, refused := 0, 0
	for _, c := range []Credentials{
		{alice, alice, 0}, {bob, bob, 0}, {alice, bob, 0}, {0, 0, fullCaps & l.permitted}, {0, 0, 0}, {0, 0, trace}, {0, 0, bind},
		{alice, alice, trace}, {alice, alice, bind}, {alice, alice, trace | 1<<unix.CAP_DAC_OVERRIDE}, {0, alice, 0},
	} {
		native := strings.Split(nativeProbe(t, c, pids), "\n")
		for i, name := range names {
			p := pin(t, f, targets[name].pid)
			var got strings.Builder
			if err := l.as(c, func() error { got = probe(p); return nil }); err != nil {
				t.Fatal(err)
			}
			if got.String() != native[i] {
				t.Errorf("%+v asks for %s:\nborrowed%s\nnative  %s", c, name, got.String(), native[i])
			}
			granted += strings.Count(native[i], "true")
			refused += strings.Count(native[i], "false")
		}
	}
	if granted < 100 || refused < 100 {
		t.Errorf("%d granted, %d refused: the table shows nothing", granted, refused)
	}
}

// nativeProbe is the output of a process that has these credentials itself.
func nativeProbe(t *testing.T, c Credentials, pids []string) string {
	t.Helper()
	attr := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: c.UID, Gid: c.GID}}
	env := []string{targetsEnv + "=" + strings.Join(pids, " ")}
	if c.UID == 0 {
		env = append(env, fmt.Sprintf("PROCFSD_PROVIDER_TEST_CAPS=%d", uint64(c.Effective)))
	} else {
		for i := range 64 {
			if c.Effective&(1<<i) != 0 {
				attr.AmbientCaps = append(attr.AmbientCaps, uintptr(i))
			}
		}
	}
	return runRole(t, "probe", attr, env...)
}

// A caller who may everything still gets nothing of ourselves, by none of our
// threads' numbers: within one process the kernel asks no credentials.
func TestSelfIsRefused(t *testing.T) { eachAuthority(t, testSelfIsRefused) }

func testSelfIsRefused(t *testing.T, a *Authority, f *FS) {
	needRoot(t)
	all, err := os.ReadDir("/proc/self/task")
	if err != nil || len(all) < 2 {
		t.Fatalf("%d threads, %v", len(all), err)
	}
	callers := []*Caller{ours(t, a), start(t, user(alice)).asks(a)}
	for _, e := range all {
		tid, _ := strconv.Atoi(e.Name())
		p, err := f.Open(tid)
		if err != nil {
			continue
		}
		for _, c := range callers {
			for name, method := range methods(c, p) {
				if !strings.HasPrefix(name, "Caller.") || name == "Caller.WChan" {
					continue
				}
				if err := method(); !errors.Is(err, unix.EACCES) {
					t.Errorf("%s of our thread %d (main %d) for uid %d: %v", name, tid, os.Getpid(), c.UID, err)
				}
			}
			if wchan, err := c.WChan(p); wchan != "" || err != nil {
				t.Errorf("wchan %q, %v", wchan, err)
			}
		}
		p.Close()
	}
}
