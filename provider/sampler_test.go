package provider

import (
	"errors"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// A sampler sees what changes, and the end of its process.
func TestSampler(t *testing.T) {
	cmd := exec.Command("sh", "-c", "while :; do :; done")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := pin(t, openProc(t), cmd.Process.Pid)
	s, err := p.Sampler()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p.Close()
	var stat Stat
	var status Status
	eventually(t, "used time", func() bool {
		if err := s.Stat(&stat); err != nil || stat.PID != cmd.Process.Pid {
			t.Fatal(stat.PID, err)
		}
		return stat.UTime+stat.STime > 2
	})
	if err := cmd.Process.Signal(unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "stopped", func() bool {
		if err := s.Status(&status); err != nil || status.PID != cmd.Process.Pid {
			t.Fatal(status.PID, err)
		}
		return status.State == StateStopped
	})
	cmd.Process.Kill()
	cmd.Wait()
	if err := s.Stat(&stat); !errors.Is(err, ErrGone) {
		t.Errorf("after its end: %v", err)
	}
	if err := s.Status(&status); !errors.Is(err, ErrGone) {
		t.Errorf("after its end: %v", err)
	}
}

// A text that outgrows the buffer is read whole.
func TestSamplerGrows(t *testing.T) {
	p, err := Self()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	s, err := p.Sampler()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.buf = make([]byte, 0, 16)
	var a, b Status
	if err := errors.Join(s.Status(&a), p.Status(&b)); err != nil {
		t.Fatal(err)
	}
	if a.Name != b.Name || a.CapBnd != b.CapBnd || len(a.MemsAllowed) != len(b.MemsAllowed) {
		t.Errorf("%+v, %+v", a, b)
	}
}

func TestSamplerDescriptors(t *testing.T) {
	p, err := Self()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	leaksNothing(t, "Sampler", func() {
		s, err := p.Sampler()
		if err != nil {
			t.Fatal(err)
		}
		var stat Stat
		if err := errors.Join(s.Stat(&stat), s.Stat(&stat)); err != nil {
			t.Fatal(err)
		}
		s.Close()
	})
}

// Each kept file says what the same file says when it is opened anew.
func TestSamplerFiles(t *testing.T) {
	c := start(t)
	p := pin(t, openProc(t), c.pid)
	s, err := p.Sampler()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	eventually(t, "all the same", func() bool {
		var a, b struct {
			statm Statm
			io    IO
			sched Schedstat
		}
		err := errors.Join(s.Statm(&a.statm), s.IO(&a.io), s.Schedstat(&a.sched),
			p.Statm(&b.statm), p.IO(&b.io), p.Schedstat(&b.sched))
		if err != nil {
			t.Fatal(err)
		}
		return a.statm == b.statm && a.io.RChar == b.io.RChar && a.sched == b.sched && a.statm.Size > 0
	})
}

// checkSampler compares what stays with the process's own reading.
func checkSampler(p *Process) error {
	s, err := p.Sampler()
	if err != nil {
		return err
	}
	defer s.Close()
	var own, sampled Stat
	for range 2 { // anew, and kept
		if err := errors.Join(p.Stat(&own), s.Stat(&sampled)); err != nil {
			return err
		}
		if err := same("sampler", sampled.PID, own.PID, sampled.StartTime, own.StartTime); err != nil {
			return err
		}
	}
	return nil
}
