package provider

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// checks are one for each method that reads a process: it runs the method and
// compares the result with a second decoding of the raw file.
var checks = map[string]func(*Process) error{
	"arch_status":       checkArchStatus,
	"attr":              checkAttr,
	"autogroup":         checkAutogroup,
	"auxv":              checkAuxv,
	"cgroup":            checkCgroup,
	"children":          checkChildren,
	"cmdline":           checkCmdline,
	"comm":              checkComm,
	"coredump_filter":   checkCoredumpFilter,
	"cpuset":            checkCpuset,
	"cwd":               checkLink("cwd"),
	"environ":           checkEnviron,
	"exe":               checkLink("exe"),
	"fd":                checkFDs,
	"fd_count":          checkFDCount,
	"fdinfo":            checkFDInfo,
	"files":             checkFiles,
	"idmaps":            checkIDMaps,
	"io":                checkIO,
	"ksm_merging_pages": checkKSMMergingPages,
	"ksm_stat":          checkKSMStat,
	"limits":            checkLimits,
	"loginuid":          checkLoginUID,
	"map_files":         checkMapFiles,
	"maps":              checkMaps,
	"maps_each":         checkEachMapping,
	"maps_open":         checkOpenMaps,
	"maps_query":        checkQuery,
	"mem":               checkOpenMemory,
	"mountinfo":         checkMountinfo,
	"mounts":            checkMounts,
	"mountstats":        checkMountstats,
	"net/arp":           checkARP,
	"net/dev":           checkNetDev,
	"net/ipv6_route":    checkIPv6Route,
	"net/netstat":       checkNetstat,
	"net/raw":           checkRaw,
	"net/route":         checkRoute,
	"net/snmp":          checkSNMP,
	"net/snmp6":         checkSNMP6,
	"net/tcp":           checkTCP,
	"net/tcp6":          checkTCP6,
	"net/udp":           checkUDP,
	"net/udp6":          checkUDP6,
	"net/unix":          checkUnix,
	"ns":                checkNamespaces,
	"ns_open":           checkOpenNamespace,
	"numa_maps":         checkNUMAMaps,
	"oom_adj":           checkOOMAdj,
	"oom_score":         checkOOMScore,
	"oom_score_adj":     checkOOMScoreAdj,
	"owner":             checkOwner,
	"pagemap":           checkPagemap,
	"personality":       checkPersonality,
	"pid_info":          checkPIDInfo,
	"root":              checkLink("root"),
	"running":           checkRunning,
	"sampler":           checkSampler,
	"sched":             checkSched,
	"schedstat":         checkSchedstat,
	"sessionid":         checkSessionID,
	"setgroups":         checkSetgroups,
	"signal":            checkSignal,
	"smaps":             checkSmaps,
	"smaps_rollup":      checkSmapsRollup,
	"stack":             checkStack,
	"stat":              checkStat,
	"statm":             checkStatm,
	"status":            checkStatus,
	"syscall":           checkSyscall,
	"task":              checkTasks,
	"timens_offsets":    checkTimensOffsets,
	"timers":            checkTimers,
	"timerslack_ns":     checkTimerslackNS,
	"wchan":             checkWChan,
}

// checkStat takes the stat text apart at its blanks.
func checkStat(p *Process) error {
	return steady(p, "stat", func(raw []byte) error {
		var s, head Stat
		if err := errors.Join(p.Stat(&s), p.StatHead(&head)); err != nil {
			return err
		}
		if start, known := p.StartTime(); known && start != s.StartTime || head.StartTime != s.StartTime || head.PPID != s.PPID {
			return fmt.Errorf("%w: head %+v", errDiffers, head)
		}
		name, rest := bytes.IndexByte(raw, '('), bytes.LastIndexByte(raw, ')')
		fields := bytes.Fields(raw[rest+1:])
		return same("stat",
			s.PID, string(raw[:name-1]),
			s.Comm, string(raw[name+1:rest]),
			string(rune(s.State)), string(fields[0]),
			s.PPID, string(fields[1]),
			s.StartTime, string(fields[19]),
			s.ExitCode, string(fields[49]))
	})
}

// same compares pairs of a value and its text.
func same(what string, pairs ...any) error {
	for i := 0; i < len(pairs); i += 2 {
		if got := fmt.Sprint(pairs[i]); got != fmt.Sprint(pairs[i+1]) {
			return fmt.Errorf("%w: %s, pair %d: %q, the text says %q", errDiffers, what, i/2, got, pairs[i+1])
		}
	}
	return nil
}

var errDiffers = errors.New("differs")

// steady runs fn with the raw text of a file, and again where they differ, for
// then fn may have compared two moments. What is wrong differs each time that the
// text stands still, and the process with it; a text that goes up and down may
// look still once.
func steady(p *Process, file string, fn func(raw []byte) error) (err error) {
	still := 0
	for range 10 {
		quiet, rests := activity(p)
		before, err := p.Read(file, nil, 16<<20)
		if err != nil {
			return err
		}
		if err = fn(before); !errors.Is(err, errDiffers) {
			return err
		}
		after, readErr := p.Read(file, nil, 16<<20)
		if now, _ := activity(p); readErr == nil && bytes.Equal(before, after) && rests && now == quiet {
			still++
		}
		if still == 4 {
			return err
		}
	}
	return nil // it never stands still
}

// activity changes when a thread of the process has run; rests is false while one
// runs, of which the kernel tells the time only now and then. Of ourselves, who
// never rest, it says nothing.
func activity(p *Process) (all string, rests bool) {
	if p.PID() == os.Getpid() {
		return "", true
	}
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.PID()))
	rests = true
	for _, file := range files {
		stat, _ := os.ReadFile(file)
		times, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "schedstat"))
		all += string(times)
		rests = rests && !bytes.Contains(stat, []byte(") R "))
	}
	return all, rests
}

// rightClass says that an error is one that a living machine may give. A plain
// errno is not the library's, but of a second decoding that met the end.
func rightClass(err error) bool {
	return err == nil || errors.Is(err, ErrGone) || errors.Is(err, fs.ErrPermission) || errors.Is(err, ErrNotSupported) ||
		err == unix.ESRCH || err == unix.ENOENT
}

// checkEvery runs all checks on all processes.
func checkEvery() error {
	f, err := OpenFS("/proc")
	if err != nil {
		return err
	}
	defer f.Close()
	for p, err := range f.All() {
		if err != nil {
			if !rightClass(err) {
				return err
			}
			continue
		}
		if err := checkPatiently(p); err != nil {
			return err
		}
	}
	return nil
}

// checkPatiently runs all checks on a process, but leaves alone what is stuck:
// somebody else's may wait for a file system that does not answer.
func checkPatiently(p *Process) error {
	own, err := p.Clone()
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		defer own.Close()
		done <- checkOne(own)
	}()
	select {
	case err := <-done:
		return err
	case <-time.After(10 * time.Second):
		return nil
	}
}

func checkOne(p *Process) error {
	for name, check := range checks {
		if err := check(p); !rightClass(err) {
			return fmt.Errorf("%s of %d: %w", name, p.PID(), err)
		}
	}
	return nil
}

func TestEveryMethod(t *testing.T) {
	if err := checkEvery(); err != nil {
		t.Error(err)
	}
}

// Under a storm of processes that begin and end.
func TestEveryMethodChurn(t *testing.T) {
	var storm sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		storm.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					exec.Command("true").Run()
				}
			}
		})
	}
	defer storm.Wait()
	defer close(done)
	for range 3 {
		if err := checkEvery(); err != nil {
			t.Error(err)
		}
	}
}

// As a user to whom most is closed.
func TestEveryMethodNobody(t *testing.T) {
	needRoot(t)
	runRole(t, "everymethod", &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}})
}
