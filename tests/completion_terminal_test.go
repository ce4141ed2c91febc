package tests

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// interactive is a shell that somebody types into, on a terminal of its own.
type interactive struct {
	t        *testing.T
	terminal *os.File
	said     string // and not looked at yet
}

const shellPrompt = "ready> "

func startShell(t *testing.T, dir string, env []string, name string, args ...string) *interactive {
	t.Helper()
	master, slave := openTerminal(t)
	defer slave.Close()
	s := &interactive{t: t, terminal: master}
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		master.Close()
	})
	s.until(shellPrompt)
	return s
}

// openTerminal makes a pseudo-terminal that is wide enough for every line.
func openTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	master = os.NewFile(uintptr(fd), "/dev/ptmx") // with deadlines, for it does not block
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: 250})
	}
	if err == nil {
		slave, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		master.Close()
		t.Fatal(err)
	}
	return master, slave
}

// until waits for words and gives what was said before them.
func (s *interactive) until(words string) string {
	s.t.Helper()
	s.terminal.SetReadDeadline(time.Now().Add(commandTime))
	b := make([]byte, 4096)
	for !strings.Contains(s.said, words) {
		n, err := s.terminal.Read(b)
		if err != nil {
			s.t.Fatalf("waiting for %q: %v; so far %q", words, err, s.said)
		}
		s.said += string(b[:n])
	}
	before, after, _ := strings.Cut(s.said, words)
	s.said = after
	return before
}

func (s *interactive) press(keys string) {
	s.t.Helper()
	if _, err := s.terminal.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// run runs a command that has to succeed, and gives its output. The quotes tell
// what the shell says from what the terminal echoes.
func (s *interactive) run(command string) string {
	s.t.Helper()
	s.press(command + " && echo 'do'ne || echo 'fai'led\n")
	s.until("do" + "ne")
	return s.until(shellPrompt)
}

// tab is what the line becomes when the tab key is pressed behind it: the key
// ^A takes to its beginning, where echo shows it.
func (s *interactive) tab(line string) string {
	s.t.Helper()
	s.press(line + "\t\x01echo 'lin'e: \x05 :'en'd\n")
	s.until("line: ")
	shown := s.until(" :end")
	s.until(shellPrompt)
	return strings.TrimSpace(shown)
}

// completes tries every line of typed.
func (s *interactive) completes() {
	s.t.Helper()
	for _, c := range typed {
		if got := s.tab(c.line); got != c.want {
			s.t.Errorf("%s becomes %q, want %q", c.line, got, c.want)
		}
	}
}
