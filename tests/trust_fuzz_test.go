package tests

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const fuzzSeedEnv = "PROCFSD_FUZZ_SEED" // of a run that failed, to run it again

// kernelsOwn are refusals that come from the kernel without our being asked, by operation:
// of descriptors that are not for it, of names, and of what FUSE or the file's kind has not.
var kernelsOwn = map[string]string{
	"open":      "ELOOP ENOTDIR EISDIR EEXIST ENAMETOOLONG EINVAL",
	"openat2":   "ELOOP ENOTDIR EISDIR EEXIST ENAMETOOLONG EXDEV",
	"read":      "EISDIR",
	"pread":     "EISDIR",
	"preadv":    "EISDIR",
	"write":     "EISDIR EFBIG",
	"pwrite":    "EISDIR EFBIG",
	"lseek":     "ENXIO",
	"getdents":  "ENOTDIR",
	"stat":      "ENOTDIR ELOOP ENAMETOOLONG",
	"readlink":  "ENOTDIR ENAMETOOLONG",
	"access":    "ENOTDIR ELOOP ENAMETOOLONG",
	"statfs":    "ENOTDIR ELOOP ENAMETOOLONG",
	"setattr":   "EFBIG ENOTDIR ELOOP ENAMETOOLONG EISDIR",
	"xattr":     "ENODATA ERANGE ENOTDIR ELOOP ENAMETOOLONG",
	"mkdir":     "EEXIST ENOTDIR ENAMETOOLONG ELOOP",
	"mknod":     "EEXIST ENOTDIR ENAMETOOLONG ELOOP",
	"symlink":   "EEXIST ENOTDIR ENAMETOOLONG",
	"unlink":    "EISDIR ENOTDIR ENAMETOOLONG",
	"rmdir":     "ENOTDIR ENAMETOOLONG ENOTEMPTY",                           // of "."  and ".."
	"rename":    "ENOTDIR EISDIR EEXIST ENOTEMPTY ENAMETOOLONG EXDEV ELOOP", // the mount point itself is another file system's
	"link":      "EEXIST ENOTDIR ENAMETOOLONG EXDEV",
	"fallocate": "EISDIR EFBIG",
	"splice":    "EISDIR EFBIG EAGAIN EIO",                 // EAGAIN of a full pipe; EIO of a file that was written to: the kernel believes in a size then
	"copy":      "EISDIR EXDEV EFBIG EOVERFLOW EIO EAGAIN", // EAGAIN: the kernel's word for EFAULT where it splices
	"mmap":      "EOVERFLOW",
	"flock":     "EAGAIN",
	"lock":      "EAGAIN",
	"inotify":   "ENOTDIR ELOOP ENAMETOOLONG",
	"handle":    "ENOTDIR ELOOP ENAMETOOLONG EOVERFLOW ESTALE",
}

// documented are the errors that procfs(5) names.
func documented(t *testing.T) []string {
	t.Helper()
	page, err := os.ReadFile("../dist/man/procfs.5")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	_, list, _ := strings.Cut(string(page), "\n.Sh ERROR CODES\n")
	list, _, _ = strings.Cut(list, "\n.Sh ")
	for _, m := range regexp.MustCompile(`(?m)^\.It Bq Er (E[A-Z]+)|^\.Er (E[A-Z]+) is`).FindAllStringSubmatch(list, -1) {
		if name := m[1] + m[2]; name != "EIO" { // which is for splice(2) and its like alone
			names = append(names, name)
		}
	}
	if len(names) < 15 {
		t.Fatalf("procfs.5 names %q only", names)
	}
	return names
}

// trustFuzzed runs the fuzzers in namespaces of their own, where there is nobody
// else whom they could hurt.
func trustFuzzed(t *testing.T, s *trustRun) {
	seed := rand.Uint64()
	if text := os.Getenv(fuzzSeedEnv); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("seed: %s=%d", fuzzSeedEnv, seed)
	limit := forSoak(3*time.Second, 10*time.Minute)
	cmd := public(t, exec.Command("", procfsd(t), limit.String(), fmt.Sprint(seed)))
	cmd.Env = append(os.Environ(), helperEnv+"=fuzzyard")
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWIPC}
	cmd.WaitDelay = 5 * time.Second
	killer := time.AfterFunc(limit+2*time.Minute, func() { cmd.Process.Kill() })
	defer killer.Stop()
	out, err := cmd.Output()
	var y fuzzYard
	if err == nil {
		err = json.Unmarshal(out, &y)
	}
	if err != nil {
		t.Fatalf("seed %d: %v\n%s", seed, err, out)
	}
	checkFuzz(t, seed, &y)
	errnos := map[string]int{}
	operations := 0
	for _, f := range y.Fuzzers {
		operations += f.total()
		for key, n := range f.Errors {
			errnos[strings.Fields(key)[1]] += n
		}
	}
	s.figure("%d operations of %d kinds by root and by uid 65534, on %d targets, seed %d; %d panics, %d hangs, the slowest %d ms; errors %s",
		operations, len(fuzzOperations), y.Targets, seed, strings.Count(y.Log, "panic"), len(y.Fuzzers[0].Hangs)+len(y.Fuzzers[1].Hangs),
		max(y.Fuzzers[0].Slowest, y.Fuzzers[1].Slowest), strings.Join(sortedKeys(errnos), " "))
}

func checkFuzz(t *testing.T, seed uint64, y *fuzzYard) {
	t.Helper()
	names := documented(t)
	if len(y.Fuzzers) != 2 || y.Targets < 2 {
		t.Fatalf("%d fuzzers, %d targets", len(y.Fuzzers), y.Targets)
	}
	for i, f := range y.Fuzzers {
		for _, hang := range f.Hangs {
			t.Errorf("seed %d, fuzzer %d: hangs: %s", seed, i, hang)
		}
		for _, key := range sortedKeys(f.Errors) {
			op, errno, _ := strings.Cut(key, " ")
			if !slices.Contains(names, errno) && !slices.Contains(strings.Fields(kernelsOwn[op]), errno) {
				t.Errorf("seed %d, fuzzer %d: %s: %d times %s, which is not documented, first %s", seed, i, op, f.Errors[key], errno, f.First[key])
			}
		}
		for _, op := range fuzzOperations {
			if f.Done[op.name] < 5 {
				t.Errorf("seed %d, fuzzer %d: %s was done %d times", seed, i, op.name, f.Done[op.name])
			}
		}
		for _, op := range []string{"open", "pread", "getdents", "stat", "readlink", "statfs", "lseek", "setattr"} {
			if f.Succeeded[op] == 0 {
				t.Errorf("seed %d, fuzzer %d: %s never succeeded", seed, i, op)
			}
		}
		if f.Succeeded["pwrite"]+f.Succeeded["write"] == 0 || f.Bytes < forSoak(1<<12, 1<<16) {
			t.Errorf("seed %d, fuzzer %d: nothing written, or %d bytes read only", seed, i, f.Bytes)
		}
	}
	if y.Exit != "exit status 0" || y.Stuck != 0 || strings.Contains(y.Log, "panic") || strings.Contains(y.Log, "unexpected") || strings.Contains(y.Log, "DATA RACE") {
		t.Errorf("seed %d: the daemon ends with %q, %d requests stuck; %s", seed, y.Exit, y.Stuck, y.Log)
	}
}
