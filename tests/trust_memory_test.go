package tests

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

const (
	memoryLimit  = 192 << 20
	memoryAfter  = 64 << 20
	wantedMaps   = 200
	mostMappings = 65530 // of a process, unless the administrator says otherwise
	fewMappings  = 200   // which the runtime of the process itself needs
)

// memory is so much, or what the race detector makes of it.
func memory(bytes uint64) uint64 {
	if raceEnabled {
		return 8 * bytes
	}
	return bytes
}

// helperMappings has so many mappings, of the named file if there is one.
func helperMappings() {
	page, fd, flags := os.Getpagesize(), -1, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE
	n := atoiOr0(os.Args[1])
	if len(os.Args) > 2 {
		file, err := os.Open(os.Args[2])
		check(err)
		fd, flags = int(file.Fd()), unix.MAP_PRIVATE
	}
	b, err := unix.Mmap(fd, 0, n*page, unix.PROT_READ, flags)
	check(err)
	for i := 0; i < n; i += 2 {
		check(unix.Mprotect(b[i*page:(i+1)*page], unix.PROT_NONE))
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin) // until the test ends, however it does
}

// manyMappings are those of a process: as many as it may have, or, as that takes
// its time, fewer with paths so long that the text is no shorter.
func manyMappings(t *testing.T) (*exec.Cmd, int) {
	t.Helper()
	if *soak {
		n := mostMappings - fewMappings
		return helper(t, "mappings", strconv.Itoa(n)), n
	}
	const n = 400
	path := directory(t)
	for len(path) < 3500 {
		path = filepath.Join(path, strings.Repeat("x", 240))
	}
	if err := errors.Join(os.MkdirAll(path, 0o755), os.WriteFile(path+"/file", nil, 0o644), os.Truncate(path+"/file", int64(n*os.Getpagesize()))); err != nil {
		t.Fatal(err)
	}
	return helper(t, "mappings", strconv.Itoa(n), path+"/file"), n
}

// trustMemory: far more text is asked for than the daemon may have memory.
func trustMemory(t *testing.T, s *trustRun) {
	target, mappings := manyMappings(t)
	start(t, target)
	group := memoryGroup(t, memory(memoryLimit))
	dir := directory(t)
	d := mountBy(t, dir, exec.Command("/bin/sh", "-c", `echo $$ >"$1/cgroup.procs" && exec "$0" -f "$2"`, procfsd(t), group, dir))
	path := d.path(target.Process.Pid, "map")
	lines := bytes.Count(wholeOf(t, path), []byte("\n"))
	if lines < mappings {
		t.Errorf("a map of %d lines", lines)
	}

	fds, refused := openMaps(t, path)
	checkAnswers(t, d, os.Getpid(), "status", "rlimit")
	if len(fds) == 0 || refused == 0 {
		t.Errorf("%d maps given and %d refused: want both", len(fds), refused)
	}
	full := statOf(t, d.dir)
	for _, fd := range fds {
		unix.Close(fd)
	}
	var after counters
	waitFor(t, "the daemon's memory to be back", func() bool { after = statOf(t, d.dir); return after.Daemon.Resident < memory(memoryAfter) })
	if again := bytes.Count(wholeOf(t, path), []byte("\n")); again != lines || full.Daemon.PID != after.Daemon.PID {
		t.Errorf("a map of %d lines, %d before", again, lines)
	}
	s.figure("%d maps of %d lines given, %d ENOMEM; %d MiB in memory then, %d MiB after", len(fds), lines, refused, full.Daemon.Resident>>20, after.Daemon.Resident>>20)
}

func wholeOf(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func readFirst(fd int) error {
	return untilDone(func() error { _, err := unix.Pread(fd, make([]byte, pageSize), 0); return err })
}

// openMaps opens one map again and again, and has each read. It gives those that
// hold a text then.
func openMaps(t *testing.T, path string) (fds []int, refused int) {
	t.Helper()
	var readers sync.WaitGroup
	var mu sync.Mutex
	atOnce := forSoak(2, 1) // one at a time, where each takes much of the time that it has
	for range atOnce {
		readers.Go(func() {
			for range wantedMaps / atOnce {
				fd := openNode(t, path, unix.O_RDONLY)
				err := readFirst(fd)
				for again := 0; outOfTime(errnoText(err)) && again < 5; again++ { // the machine is slow
					err = readFirst(fd)
				}
				mu.Lock()
				switch err {
				case nil:
					fds = append(fds, fd)
				case unix.ENOMEM:
					refused++
				default:
					t.Errorf("read of a map: %v, want ENOMEM", err)
				}
				mu.Unlock()
			}
		})
	}
	readers.Wait()
	return fds, refused
}

// memoryGroup makes a control group whose processes may have so much memory.
func memoryGroup(t *testing.T, limit uint64) string {
	t.Helper()
	for _, file := range []string{"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max"} {
		group := filepath.Join(filepath.Dir(file), "procfsd-test-"+strconv.Itoa(os.Getpid()))
		if unix.Mkdir(group, 0o755) != nil {
			continue
		}
		t.Cleanup(func() { waitFor(t, "the control group to be empty", func() bool { return unix.Rmdir(group) == nil }) })
		limited := filepath.Join(group, filepath.Base(file))
		if unix.Access(limited, unix.W_OK) != nil { // not below a controller
			continue
		}
		if os.WriteFile(limited, []byte(strconv.FormatUint(limit, 10)), 0) == nil {
			return group
		}
	}
	lack(t, "no control group can be made that limits memory")
	return ""
}
