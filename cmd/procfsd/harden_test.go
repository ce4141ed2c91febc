package main

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// child runs this test binary in a role.
func child(role string, args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), testRole+"="+role)
	return cmd
}

// fields are the lines of /proc/PID/status.
func fields(status string) map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(status) {
		name, value, _ := strings.Cut(line, ":")
		m[name] = strings.TrimSpace(value)
	}
	return m
}

func capsOf(t *testing.T, hex string) capSet {
	t.Helper()
	n, err := strconv.ParseUint(hex, 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return capSet(n)
}

// checkHardened asks the kernel's own words about a hardened child.
func checkHardened(t *testing.T, cmd *exec.Cmd, want capSet) {
	t.Helper()
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	got := fields(string(out))
	if got["NoNewPrivs"] != "1" {
		t.Errorf("NoNewPrivs %s", got["NoNewPrivs"])
	}
	for _, name := range []string{"CapPrm", "CapEff"} {
		if capsOf(t, got[name]) != want {
			t.Errorf("%s %s, want %016x", name, got[name], uint64(want))
		}
	}
	for _, name := range []string{"CapInh", "CapAmb"} {
		if !capsOf(t, got[name]).within(want) {
			t.Errorf("%s %s", name, got[name])
		}
	}
}

func needRoot(t *testing.T) {
	t.Helper()
	now, err := readCaps()
	if err == nil && os.Geteuid() == 0 && now.permitted.has(unix.CAP_SETPCAP) {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatal("needs root with CAP_SETPCAP")
	}
	t.Skip("needs root with CAP_SETPCAP")
}

func TestHardenRoot(t *testing.T) {
	needRoot(t)
	cmd := child("harden")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Groups: []uint32{4, 24}}}
	checkHardened(t, cmd, daemonCaps()&boundingCaps())

	cmd = child("harden")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Groups: []uint32{4, 24}}}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	got := fields(string(out))
	if got["Groups"] != "" || !capsOf(t, got["CapBnd"]).within(daemonCaps()) {
		t.Errorf("Groups %q, CapBnd %s", got["Groups"], got["CapBnd"])
	}
}

// An ordinary user has nothing to lose, and keeps the groups he may not drop.
func TestHardenUser(t *testing.T) {
	needRoot(t)
	cmd := child("harden")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534, Groups: []uint32{4}}}
	checkHardened(t, cmd, 0)
}

// In a user namespace the capabilities are ambient and setgroups is denied.
func TestHardenUserNamespace(t *testing.T) {
	cmd := child("harden")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 65534, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 65534, HostID: os.Getgid(), Size: 1}},
		AmbientCaps: knownCaps().numbers(),
	}
	checkHardened(t, cmd, daemonCaps())
}

// The mark of the second run is no proof: without the state it is an error.
func TestHardenMarkByHand(t *testing.T) {
	needRoot(t)
	cmd := child("harden")
	cmd.Env = append(cmd.Env, hardenedEnv+"=1")
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != exitSystem || !strings.Contains(string(out), hardenedEnv) {
		t.Errorf("%v, %s; want exit code 2 and %s named", err, out, hardenedEnv)
	}
}

// What the daemon inherited by accident does not survive.
func TestHardenDescriptors(t *testing.T) {
	file, err := os.Open("/dev/zero")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cmd := child("harden")
	cmd.ExtraFiles = []*os.File{file}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if _, left := fields(string(out))["open /dev/zero"]; left {
		t.Errorf("an inherited descriptor is left:\n%s", out)
	}
}

// The pipe to the launcher does, and carries the error instead of stderr.
func TestDaemonReportsThroughItsPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := child("program", "--foreground", "--ready-fd=3", "--", "/nonexistent")
	cmd.ExtraFiles = []*os.File{w}
	stderr, _ := cmd.CombinedOutput()
	w.Close()
	got := receiveOutcome(r)
	if exitCode(got) != exitMount || cmd.ProcessState.ExitCode() != exitMount || len(stderr) > 0 {
		t.Errorf("outcome %v, exit %v, stderr %q; want code 32 both ways", got, cmd.ProcessState, stderr)
	}
}
