package tests

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// trust1 are the scenarios of processes that come and go, of many readers, and
// of odd reads.
func trust1() []scenario {
	return []scenario{
		{1, "handles on processes, kill them, force the same pids again, 10,000 times", "all calls ESRCH or ENOENT, no signal and no byte to or from the new owner", trustReuse},
		{2, "stress-ng fork, vfork, clone, exec, zombie, kill, mmapmany while 8 readers walk every node, 120 s", "no errno but ENOENT ESRCH (EACCES EPERM by right), no torn line, daemon alive", trustStress},
		{3, "stress-ng --procfs over our mount on /proc, 120 s; every file in chunks of 1 to 4096 bytes, as root and as nobody", "no failure but EACCES ESRCH EBUSY; the chunks are one big read", trustProcfs},
		{4, "1,000 parallel readers on 200 processes, 60 s", "no wrong byte, p99 ≤ 250 ms, threads ≤ 400, descriptors back to the baseline", trustReaders},
		{10, "every node × offsets 0, 1, length ± 1, 2^31 ± 1, 2^32, 2^63-1, negative × sizes 0 to 1 MiB + 1, read and written", "the documented answer each time", trustOffsets},
	}
}

// figureMark begins the lines that bring figures out of a namespace.
const figureMark = "FIGURE "

// inNamespace runs the scenario in a pid namespace of its own, as inPIDNamespace
// does, and takes over the figures from there.
func (s *trustRun) inNamespace(t *testing.T) bool {
	t.Helper()
	if os.Getenv(namespaceEnv) != "" {
		t.Cleanup(reapOrphans) // the last of all
		t.Cleanup(func() { fmt.Println(strings.ReplaceAll("\n"+strings.Join(s.figures, "\n"), "\n", "\n"+figureMark)) })
		return true
	}
	for line := range strings.Lines(runInPIDNamespace(t)) {
		if figure, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), figureMark); ok && figure != "" {
			s.figure("%s", figure)
		}
	}
	return false
}

// reapOrphans does what process 1 is there for; stress-ng leaves many. It gives
// up on those that live.
func reapOrphans() {
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		switch pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); {
		case err == unix.ECHILD:
			return
		case pid == 0:
			time.Sleep(5 * time.Millisecond)
		}
	}
}

func needProgram(t testing.TB, name, debian string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		lack(t, "no "+name+" (Debian: apt-get install "+debian+")")
	}
}
