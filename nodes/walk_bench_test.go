package nodes

import (
	"bytes"
	"math"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// The walks beside what they are made of: what counts are the ratios, for a
// process each.

func BenchmarkTable(b *testing.B) {
	startSleepers(b)
	tree := openTree(b, Options{GID: -1})
	b.Run("procfsd", func(b *testing.B) {
		b.ReportAllocs()
		processes, before := 0, cpuTime()
		for b.Loop() {
			text, err := statusTable(ourselves(b, tree), nil)
			if err != nil {
				b.Fatal(err)
			}
			processes += bytes.Count(text, []byte("\n"))
		}
		perProcess(b, processes, before)
	})
	b.Run("native", func(b *testing.B) {
		processes, before := 0, cpuTime()
		for b.Loop() {
			for _, pid := range allPIDs(b, tree) {
				readNative(pid, "stat", "status", "wchan")
				processes++
			}
		}
		perProcess(b, processes, before)
	})
}

func BenchmarkList(b *testing.B) {
	startSleepers(b)
	for name, options := range map[string]Options{"all": {GID: -1}, "hidepid": {GID: -1, HidePID: HideInvisible}} {
		tree := openTree(b, options)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			processes, before := 0, cpuTime()
			for b.Loop() {
				err := ourselves(b, tree).List(0, math.MaxInt, func(int) bool { processes++; return true })
				if err != nil {
					b.Fatal(err)
				}
			}
			perProcess(b, processes, before)
		})
	}
	tree := openTree(b, Options{GID: -1})
	b.Run("native", func(b *testing.B) {
		processes, before := 0, cpuTime()
		for b.Loop() {
			processes += len(allPIDs(b, tree))
		}
		perProcess(b, processes, before)
	})
}

func perProcess(b *testing.B, processes int, before int64) {
	b.ReportMetric(float64(cpuTime()-before)/float64(max(processes, 1)), "cpu-ns/process")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(max(processes, 1)), "ns/process")
}

// cpuTime of this process, in nanoseconds: on a machine that others use too it says
// more than the clock.
func cpuTime() int64 {
	var used unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &used)
	return used.Utime.Nano() + used.Stime.Nano()
}

func allPIDs(b *testing.B, tree *Tree) []int {
	pids, err := tree.proc.PIDs(nil)
	if err != nil {
		b.Fatal(err)
	}
	return pids
}

func readNative(pid int, files ...string) {
	var buf [4096]byte
	for _, file := range files {
		fd, err := unix.Open("/proc/"+strconv.Itoa(pid)+"/"+file, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			unix.Read(fd, buf[:])
			unix.Close(fd)
		}
	}
}

// startSleepers starts processes that do nothing.
func startSleepers(b *testing.B) {
	for range 300 {
		cmd := exec.Command("sleep", "600")
		cmd.Stdin = os.Stdin
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	}
}
