package provider

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// roleSeizer traces a process until its input ends, and never waits for it.
func roleSeizer() error {
	pid, err := strconv.Atoi(os.Getenv("SEIZE_PID"))
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	if err := unix.PtraceSeize(pid); err != nil {
		return err
	}
	fmt.Println("ready")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// A child whose end its tracer has not yet seen cannot be reaped: that takes no
// longer than the context, and works once the tracer is gone.
func TestReapTraced(t *testing.T) {
	p := fork(t, "exec sleep 1000")
	tracer := exec.Command("/proc/self/exe")
	tracer.Env = append(os.Environ(), roleEnv+"=seizer", "SEIZE_PID="+strconv.Itoa(p.PID()))
	in, err := tracer.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := tracer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := tracer.Start(); err != nil {
		t.Fatal(err)
	}
	defer tracer.Wait()
	defer in.Close()
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatal(line, err)
	}
	if err := p.Signal(unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if status, err := p.Reap(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("traced: %#x, %v", status, err)
	}
	in.Close()
	if status, err := p.Reap(inTime(t)); err != nil || status.Signal() != unix.SIGKILL {
		t.Errorf("then: %#x, %v", status, err)
	}
}
