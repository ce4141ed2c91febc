package tests

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// overProc has a command run where the mount lies over /proc.
func overProc(dir string, command ...string) *exec.Cmd {
	cmd := exec.Command("unshare", append([]string{"-m", "sh", "-c", `mount --bind "$0" /proc && exec "$@"`, dir}, command...)...)
	cmd.Dir = "/"
	return cmd
}

// trustProcfs: stress-ng reads all that lies below /proc while two walkers do it
// as the LTP's proc01 does.
func trustProcfs(t *testing.T, s *trustRun) {
	needProgram(t, "stress-ng", "stress-ng")
	if !s.inNamespace(t) {
		return
	}
	d, pid := mount(t), sitting(t, sittingProgram(t, "sitting"), "argument")
	defer reap(pid)
	howLong := forSoak(4*time.Second, 120*time.Second)
	before := statOf(t, d.dir)
	stress := startStress(t, howLong, overProc(d.dir, "stress-ng", "--procfs", "2"))
	var group sync.WaitGroup
	for _, uid := range []int{0, 65534} {
		group.Go(func() { walkInPieces(t, s, d, pid, uid, howLong) })
	}
	group.Wait()
	done := stress.operations(t, "procfs")
	if d.ended() {
		t.Fatalf("the daemon has ended: %s", d.log)
	}
	answers(t, d.dir)
	if state, err := processState(pid); state != 'T' || err != nil {
		t.Errorf("the stopped process is %c, %v", state, err)
	}
	after := statOf(t, d.dir)
	readsBefore, _ := before.of("READ")
	reads, _ := after.of("READ")
	s.figure("stress-ng: %d rounds, no failure; %d reads in all", done["procfs"], reads-readsBefore)
}

// pieceReport is what one walker found.
type pieceReport struct {
	Walks, Files, Pieces int
	Refused              map[string]int
	Faults               []string
}

func walkInPieces(t *testing.T, s *trustRun, d *daemon, still, uid int, howLong time.Duration) {
	cmd := overProc(d.dir, helperProgram(t), strconv.Itoa(uid), strconv.Itoa(still), strconv.Itoa(d.cmd.Process.Pid), howLong.String(), forSoak("600", "100000000"))
	cmd.Env = append(cmd.Environ(), helperEnv+"=pieces")
	var errors strings.Builder
	cmd.Stderr = &errors
	out, err := cmd.Output()
	var r pieceReport
	if err == nil {
		err = json.Unmarshal(out, &r)
	}
	if err != nil {
		t.Errorf("walker of uid %d: %v: %s%s", uid, err, out, &errors)
		return
	}
	for _, fault := range r.Faults {
		t.Errorf("uid %d: %s", uid, fault)
	}
	if r.Files < 50 || r.Pieces < 10*r.Files || uid != 0 && r.Refused["EACCES"] == 0 {
		t.Errorf("uid %d has hardly walked: %+v", uid, r)
	}
	s.figure("uid %d: %d files in %d pieces, refused %s", uid, r.Files, r.Pieces, fmt.Sprint(r.Refused)[len("map"):])
}

// setUser makes the whole process another user's, for good.
func setUser(uid int) error {
	if uid == 0 {
		return nil
	}
	for _, err := range []error{syscall.Setgroups(nil), syscall.Setgid(uid), syscall.Setuid(uid)} {
		if err != nil {
			return err
		}
	}
	return unix.Setresuid(uid, uid, uid)
}
