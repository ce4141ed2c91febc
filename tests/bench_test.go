package tests

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// The benchmarks put each node beside the native files that its facts come
// from: compare the two by their ratio, in one run.

func BenchmarkStatus(b *testing.B) {
	d := mount(b)
	pids := sleepers(b, 300)
	b.Run("procfsd", eachOf(pids, d.dir, "status"))
	b.Run("native", eachOf(pids, "/proc", "stat", "status", "wchan"))
}

func BenchmarkTable(b *testing.B) {
	d := mount(b)
	pids := sleepers(b, 300)
	b.Run("procfsd", func(b *testing.B) {
		processes := 0
		for b.Loop() {
			text, err := os.ReadFile(d.path("status"))
			if err != nil {
				b.Fatal(err)
			}
			processes = strings.Count(string(text), "\n")
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(processes), "ns/process")
	})
	b.Run("native", eachOf(pids, "/proc", "stat", "status", "wchan"))
}

func BenchmarkMap(b *testing.B) {
	d := mount(b)
	pids := []int{os.Getpid()}
	b.Run("procfsd", eachOf(pids, d.dir, "map"))
	b.Run("native", eachOf(pids, "/proc", "smaps"))
}

func BenchmarkRlimit(b *testing.B) {
	d := mount(b)
	pids := []int{os.Getpid()}
	b.Run("procfsd", eachOf(pids, d.dir, "rlimit"))
	b.Run("native", eachOf(pids, "/proc", "limits"))
}

func BenchmarkListing(b *testing.B) {
	d := mount(b)
	sleepers(b, 300)
	for name, dir := range map[string]string{"procfsd": d.dir, "native": "/proc"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				list(b, dir)
			}
		})
	}
}

// sleepers are processes that do nothing.
func sleepers(b *testing.B, n int) []int {
	b.Helper()
	var pids []int
	for range n {
		cmd := exec.Command("sleep", "600")
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
		pids = append(pids, cmd.Process.Pid)
	}
	return pids
}

// eachOf opens, reads and closes the nodes of one process after another.
func eachOf(pids []int, dir string, nodes ...string) func(*testing.B) {
	return func(b *testing.B) {
		buf := make([]byte, 1<<20)
		for i := 0; b.Loop(); i++ {
			pid := strconv.Itoa(pids[i%len(pids)])
			for _, node := range nodes {
				readRaw(b, dir+"/"+pid+"/"+node, buf)
			}
		}
	}
}

func readRaw(b *testing.B, path string, buf []byte) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer unix.Close(fd)
	for {
		n, err := unix.Read(fd, buf)
		if err != nil {
			b.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}
