package provider

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Fault 21, of links: a file named like a deleted one, and a deleted one.
func TestFault21LinkDeleted(t *testing.T) {
	f := openProc(t)
	const suffix = " (deleted)"
	for name, row := range map[string]struct {
		file   string
		change func(path string) error
		want   Link // below the directory
	}{
		"stays":                {"x", nil, Link{"x", false}},
		"is deleted":           {"x", os.Remove, Link{"x", true}},
		"looks deleted":        {"x" + suffix, nil, Link{"x" + suffix, false}},
		"looks so and is":      {"x" + suffix, os.Remove, Link{"x" + suffix, true}},
		"is renamed":           {"x", func(x string) error { return os.Rename(x, x+"2") }, Link{"x2", false}},
		"has another name":     {"x", func(x string) error { return errors.Join(os.Link(x, x+"2"), os.Remove(x)) }, Link{"x", true}},
		"is replaced":          {"x", func(x string) error { return errors.Join(os.Remove(x), os.WriteFile(x+suffix, nil, 0o755)) }, Link{"x", true}},
		"comes back by a link": {"x", relinked(os.Link), Link{"x" + suffix, false}}, // as documented
		"symlink is no name":   {"x", relinked(os.Symlink), Link{"x", true}},
		"blanks, bytes":        {" x\n\xff ", os.Remove, Link{" x\n\xff ", true}},
	} {
		dir := openDir(t)
		path := place(t, dir+"/"+row.file, 0o755, nil)
		p := pin(t, f, run(t, path))
		if row.change != nil {
			if err := row.change(path); err != nil {
				t.Fatal(err)
			}
		}
		want := Link{dir + "/" + row.want.Path, row.want.Deleted}
		leaksNothing(t, name, func() {
			if got, err := p.Exe(); err != nil || got != want {
				t.Errorf("%s: %+v, %v; want %+v", name, got, err, want)
			}
		})
		if text, err := p.Readlink("exe"); err != nil || text != want.String() {
			t.Errorf("%s: %q, %v; want %q", name, text, err, want)
		}
	}
}

func TestCwdRoot(t *testing.T) {
	needRoot(t)
	f := openProc(t)
	dir := openDir(t)
	cwd := dir + "/here (deleted)"
	if err := os.Mkdir(cwd, 0o755); err != nil {
		t.Fatal(err)
	}
	p := pin(t, f, start(t, inDir(cwd)).pid)
	wantLink(t, p.Cwd, Link{cwd, false})
	wantLink(t, p.Root, Link{"/", false})
	if err := os.Remove(cwd); err != nil {
		t.Fatal(err)
	}
	wantLink(t, p.Cwd, Link{cwd, true})
}

func wantLink(t *testing.T, read func() (Link, error), want Link) {
	t.Helper()
	if got, err := read(); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

func TestLinkOfTask(t *testing.T) {
	c := start(t)
	task, err := pin(t, openProc(t), c.pid).Task(c.tid)
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	exe, _ := os.Readlink("/proc/self/exe")
	cwd, _ := os.Getwd()
	wantLink(t, task.Exe, Link{Path: exe})
	wantLink(t, task.Cwd, Link{Path: cwd})
}

// What a process in another mount namespace executes is looked up below its
// own root.
func TestLinkElsewhere(t *testing.T) {
	needRoot(t)
	dir := openDir(t)
	out := runRole(t, "elsewhere", &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}, targetsEnv+"="+dir)
	if out != "" {
		t.Error(out)
	}
}

// roleElsewhere is in a mount namespace of its own. Its child's gets another
// file system at a place, which we do not see.
func roleElsewhere() error {
	dir := os.Getenv(targetsEnv)
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	program := filepath.Join(dir, "x (deleted)")
	script := fmt.Sprintf("mount -t tmpfs none %[1]s && cp /bin/sleep '%[2]s' && exec '%[2]s' 1000", dir, program)
	cmd := exec.Command("sh", "-c", script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return err
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	p, err := Open(cmd.Process.Pid)
	if err != nil {
		return err
	}
	defer p.Close()
	var link Link
	for range 5000 {
		if link, err = p.Exe(); err == nil && strings.HasPrefix(link.Path, dir) {
			break
		}
		unix.Nanosleep(&unix.Timespec{Nsec: 1e6}, nil)
	}
	if _, err := os.Stat(program); !os.IsNotExist(err) {
		return fmt.Errorf("we see it too: the test shows nothing: %v", err)
	}
	if link != (Link{program, false}) {
		return fmt.Errorf("%+v, %v", link, err)
	}
	return nil
}

func TestLinkCaptured(t *testing.T) {
	f, err := OpenFS("testdata/proc/deletedexe")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pids, err := f.PIDs(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := pin(t, f, pids[0])
	text, err := p.Readlink("exe")
	link, err2 := p.Exe()
	if err != nil || err2 != nil || !link.Deleted || link.String() != text || !strings.HasSuffix(text, deletedSuffix) {
		t.Errorf("%q, %+v, %v, %v", text, link, err, err2)
	}
}

// Links lead nowhere where there is no such thing.
func TestLinkAbsent(t *testing.T) {
	f := openProc(t)
	c := start(t)
	p := pin(t, f, c.pid)
	c.zombie()
	for _, read := range []func() (Link, error){p.Exe, p.Cwd, p.Root} {
		if link, err := read(); !errors.Is(err, ErrNotSupported) || errors.Is(err, ErrGone) || link != (Link{}) {
			t.Errorf("zombie: %+v, %v", link, err)
		}
	}
	c.end()
	for _, read := range []func() (Link, error){p.Exe, p.Cwd, p.Root} {
		if link, err := read(); !errors.Is(err, ErrGone) || link != (Link{}) {
			t.Errorf("gone: %+v, %v", link, err)
		}
	}
}

func checkLink(name string) func(*Process) error {
	return func(p *Process) error {
		return steadyLink(p, name, func(text string) error {
			link, err := p.Link(name)
			if err != nil {
				return err
			}
			return same(name, link, text, strings.HasSuffix(text, deletedSuffix) || !link.Deleted, "true")
		})
	}
}

func inDir(dir string) option { return func(c *exec.Cmd) { c.Dir = dir } }
