package tests

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// fuzzReport is what a fuzzer met.
type fuzzReport struct {
	Done, Succeeded map[string]int    // by operation
	Errors          map[string]int    // by operation and errno
	First           map[string]string // what was done where that was met first
	Slowest         int64             // in milliseconds
	Bytes           int               // read
	Hangs           []string
}

func (f *fuzzReport) total() (n int) {
	for v := range maps.Values(f.Done) {
		n += v
	}
	return n
}

// hangAfter is far beyond the daemon's own deadlines.
const hangAfter = 20 * time.Second

// fuzzHand does one operation after the other, chosen by its own numbers.
type fuzzHand struct {
	*rand.Rand
	dir     string
	pids    []string
	files   []fuzzFile
	ops     int
	what    string // it does
	current atomic.Pointer[fuzzCurrent]
	fuzzReport
}

type fuzzFile struct {
	fd   int
	path string
}

type fuzzCurrent struct {
	what  string
	since time.Time
}

// helperFuzzer: DIRECTORY TIME SEED.
func helperFuzzer() {
	limit, err := time.ParseDuration(os.Args[2])
	must(err)
	var seed uint64
	fmt.Sscan(os.Args[3], &seed)
	var group sync.WaitGroup
	hands := make([]*fuzzHand, 4)
	for i := range hands {
		hands[i] = &fuzzHand{Rand: rand.New(rand.NewPCG(seed, uint64(os.Getuid()*10+i))), dir: os.Args[1],
			fuzzReport: fuzzReport{Done: map[string]int{}, Succeeded: map[string]int{}, Errors: map[string]int{}, First: map[string]string{}}}
		group.Go(func() { hands[i].run(time.Now().Add(limit)) })
	}
	ended := make(chan struct{})
	go func() {
		group.Wait()
		close(ended)
	}()
	report := watchHands(hands, ended)
	out, err := json.Marshal(report)
	must(err)
	os.Stdout.Write(out)
	os.Exit(0)
}

// watchHands gives the sum of all, or of none where one hangs.
func watchHands(hands []*fuzzHand, ended chan struct{}) fuzzReport {
	for {
		select {
		case <-ended:
			return sumOf(hands)
		case <-time.After(time.Second):
		}
		for _, h := range hands {
			if c := h.current.Load(); c != nil && time.Since(c.since) > hangAfter {
				return fuzzReport{Hangs: []string{c.what}}
			}
		}
	}
}

func sumOf(hands []*fuzzHand) fuzzReport {
	sum := hands[0].fuzzReport
	for _, h := range hands[1:] {
		for from, to := range map[*map[string]int]*map[string]int{&h.Done: &sum.Done, &h.Succeeded: &sum.Succeeded, &h.Errors: &sum.Errors} {
			for key, n := range *from {
				(*to)[key] += n
			}
		}
		maps.Copy(sum.First, h.First)
		sum.Slowest = max(sum.Slowest, h.Slowest)
		sum.Bytes += h.Bytes
	}
	return sum
}

func (h *fuzzHand) run(end time.Time) {
	debug.SetPanicOnFault(true) // a page of the mount is one
	for ; time.Now().Before(end); h.ops++ {
		if h.ops%64 == 0 {
			text, err := os.ReadFile(yardFile)
			must(err)
			h.pids = strings.Fields(string(text))
		}
		h.one(&fuzzOperations[h.IntN(len(fuzzOperations))])
	}
	for len(h.files) > 0 {
		h.close(0)
	}
}

// one operation, and what came of it.
func (h *fuzzHand) one(op *fuzzOperation) {
	h.what = op.name
	start := time.Now()
	h.current.Store(&fuzzCurrent{op.name, start})
	err := h.guarded(op)
	h.Slowest = max(h.Slowest, time.Since(start).Milliseconds())
	h.current.Store(nil)
	if err == errNothingOpen {
		return
	}
	h.Done[op.name]++
	if err == nil {
		h.Succeeded[op.name]++
		return
	}
	key := op.name + " " + errnoText(err)
	if h.Errors[key]++; h.First[key] == "" {
		h.First[key] = h.what
	}
}

var (
	errNothingOpen = errors.New("nothing is open")
	errFault       = unix.EFAULT // as SIGBUS
)

func (h *fuzzHand) guarded(op *fuzzOperation) (err error) {
	defer func() {
		if recover() != nil {
			err = errFault
		}
	}()
	return op.do(h)
}

// note what is done, in case that it is never finished.
func (h *fuzzHand) doing(format string, args ...any) {
	h.what = fmt.Sprintf(format, args...)
	h.current.Store(&fuzzCurrent{h.what, time.Now()})
}

// pick one of many.
func pick[T any](h *fuzzHand, list ...T) T { return list[h.IntN(len(list))] }

// path of something, and whether it may be written to: only targets may.
func (h *fuzzHand) path() (path string, ours bool) {
	node := pick(h, allNodes...)
	switch h.IntN(16) {
	case 0:
		return h.dir, false
	case 1:
		return h.dir + "/" + pick(h, "status", "curproc", "self"), false
	case 2:
		return h.dir + "/" + pick(h, "curproc", "self", "1", "2", "0", "-1", "99999999") + "/" + node, false
	case 3:
		return h.dir + "/" + pick(h, "x", strings.Repeat("n", 127), strings.Repeat("9", 200), strings.Repeat("y", 300), "\xff\n", "."), false
	case 4:
		return h.dir + "/" + pick(h, h.pids...), true
	case 5:
		return h.dir + "/" + pick(h, h.pids...) + "/" + pick(h, "maps", "..", ".", "x", node+"/", node+"/x"), true
	}
	return h.dir + "/" + pick(h, h.pids...) + "/" + node, true
}

// file is one that is open.
func (h *fuzzHand) file() (fuzzFile, error) {
	if len(h.files) == 0 {
		return fuzzFile{}, errNothingOpen
	}
	return pick(h, h.files...), nil
}

func (h *fuzzHand) keep(fd int, path string) {
	if h.files = append(h.files, fuzzFile{fd, path}); len(h.files) > 24 {
		h.close(h.IntN(len(h.files)))
	}
}

func (h *fuzzHand) close(i int) {
	unix.Close(h.files[i].fd)
	h.files = append(h.files[:i], h.files[i+1:]...)
}

// offset in a text, in memory, or nowhere.
func (h *fuzzHand) offset() int64 {
	switch h.IntN(4) {
	case 0:
		return 0
	case 1:
		return h.Int64N(10000)
	case 2:
		return 0x400000 + h.Int64N(1<<22) // the program, which is not relocated
	}
	return pick(h, -1, 1<<63-1, 1<<47-1, 1<<47, -4096, h.Int64())
}

// size of a buffer.
func (h *fuzzHand) size() int { return pick(h, 0, 1, 7, 128, 176, 512, 4095, 4096, 65536, 1<<20) }
