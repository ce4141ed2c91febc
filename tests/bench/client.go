package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// bench is the client: the process that measures.
type bench struct {
	options
	dir    string // a tmpfs that goes with the namespace
	mount  string // of procfsd
	floor  string // of the barest server
	served []int  // the pids of both
	pids   []int  // idle processes
	buf    []byte // for every text there is
	ends   []func()
}

// client measures, says what came out, and ends all that it started.
func client() (err error) {
	o, err := parseOptions()
	if err != nil {
		return err
	}
	// A goroutine that waits in a system call keeps its P, so that coming back
	// costs nothing; there must be one for every reader.
	runtime.GOMAXPROCS(2 * readers)
	ctx, cancel := signal.NotifyContext(context.Background(), stops()...)
	defer cancel()
	b := &bench{options: o, dir: os.Getenv(dirEnv), buf: make([]byte, 8<<20)}
	defer b.end()
	defer func() {
		if ctx.Err() != nil {
			err = errors.New("interrupted")
		}
	}()
	if err := b.setUp(ctx); err != nil {
		return err
	}
	rows, err := b.measureAll(ctx)
	if err != nil {
		return err
	}
	if err := b.report(os.Stdout, rows); err != nil || !b.scale {
		return err
	}
	return b.reportMemory(os.Stdout)
}

// setUp mounts procfsd and the floor, and starts the processes to be shown.
func (b *bench) setUp(ctx context.Context) error {
	if err := unix.Mount("tmpfs", b.dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=700"); err != nil {
		return fmt.Errorf("mount a tmpfs on %s: %w", b.dir, err)
	}
	b.mount, b.floor = filepath.Join(b.dir, "procfsd"), filepath.Join(b.dir, "floor")
	for _, dir := range []string{b.mount, b.floor} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
	}
	binary, err := b.build(ctx)
	if err != nil {
		return err
	}
	return errors.Join(b.startDaemon(ctx, binary), b.startFloor(ctx), b.startSleepers())
}

// after notes what is to be done at the end, the last first.
func (b *bench) after(end func()) { b.ends = append(b.ends, end) }

func (b *bench) end() {
	for i := len(b.ends) - 1; i >= 0; i-- {
		b.ends[i]()
	}
}

// procfsdPath and nativePaths name what a process's nodes are measured by.
func (b *bench) procfsdPath(pid int, node string) path {
	return pathOf(b.mount, strconv.Itoa(pid), node)
}

func nativePaths(pid int, files ...string) []path {
	var paths []path
	for _, file := range files {
		paths = append(paths, pathOf("/proc", strconv.Itoa(pid), file))
	}
	return paths
}

// floorPath is a file of that size, in one of many directories.
func (b *bench) floorPath(dir, size int) path {
	return pathOf(b.floor, strconv.Itoa(dir), strconv.Itoa(size))
}
