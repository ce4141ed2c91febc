package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"

	"github.com/procfsd/procfsd/provider"
	"github.com/prometheus/procfs"
	"github.com/shirou/gopsutil/v4/process"
	"golang.org/x/sys/unix"
)

// A target is a quiet process of ours that all libraries look at, with the
// handle that each of them has of it.
type target struct {
	stage   *stage
	pid     int
	dir     string // /proc/PID
	fd      int    // an O_PATH descriptor of it
	address uint64 // within a mapping in the middle

	own     *provider.Process
	sampler *provider.Sampler
	maps    *provider.MapsFile
	prom    procfs.Proc
	gops    *process.Process

	cmd  *exec.Cmd
	stop io.Closer // its standard input: it exits at the end of that
}

// Environment of a target.
const (
	roleEnv     = "PEERS_ROLE"
	mappingsEnv = "PEERS_MAPPINGS"
	filesEnv    = "PEERS_FILES"
)

// targetStrings is how many environment strings a target has.
const targetStrings = 38

func startTarget(s *stage, mappings int) (*target, error) {
	t := &target{stage: s, fd: -1}
	if err := t.start(s.files, mappings); err != nil {
		t.close()
		return nil, fmt.Errorf("target: %w", err)
	}
	return t, nil
}

func (t *target) start(files string, mappings int) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	t.cmd = ownChild(exec.Command(exe, "--config=/etc/ordinary/service.yaml", "--listen", "127.0.0.1:8080", "--log-level=info"))
	t.cmd.Env = targetEnviron(files, mappings)
	t.cmd.Stderr = os.Stderr
	if t.stop, err = t.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := t.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := t.cmd.Start(); err != nil {
		return err
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		return errors.New("it did not become ready")
	}
	return t.open()
}

func targetEnviron(files string, mappings int) []string {
	env := []string{roleEnv + "=" + targetRole, filesEnv + "=" + files, mappingsEnv + "=" + strconv.Itoa(mappings)}
	for i := len(env); i < targetStrings; i++ {
		env = append(env, fmt.Sprintf("ORDINARY_VARIABLE_%02d=/usr/share/ordinary/part-%02d", i, i))
	}
	return env
}

// open gets everybody's handle.
func (t *target) open() (err error) {
	t.pid = t.cmd.Process.Pid
	t.dir = "/proc/" + strconv.Itoa(t.pid)
	if t.fd, err = open(unix.AT_FDCWD, cname(t.dir), unix.O_PATH|unix.O_DIRECTORY); err != nil {
		return err
	}
	if t.own, err = provider.Open(t.pid); err != nil {
		return err
	}
	if t.sampler, err = t.own.Sampler(); err != nil {
		return err
	}
	if t.maps, err = t.own.OpenMaps(); err != nil {
		return err
	}
	if t.prom, err = procfs.NewProc(t.pid); err != nil {
		return err
	}
	if t.gops, err = process.NewProcess(int32(t.pid)); err != nil {
		return err
	}
	return t.findAddress()
}

func (t *target) findAddress() error {
	maps, err := t.prom.ProcMaps()
	if err != nil || len(maps) == 0 {
		return fmt.Errorf("no mappings: %w", err)
	}
	t.address = uint64(maps[len(maps)/2].StartAddr) + 1
	return nil
}

func (t *target) close() {
	if t.maps != nil {
		t.maps.Close()
	}
	if t.sampler != nil {
		t.sampler.Close()
	}
	if t.own != nil {
		t.own.Close()
	}
	if t.fd >= 0 {
		closeFD(t.fd)
	}
	if t.stop != nil {
		t.stop.Close()
	}
	if t.cmd != nil && t.cmd.Process != nil {
		t.cmd.Process.Kill()
		t.cmd.Wait()
	}
}
