package provider

import (
	"fmt"
	"math/bits"
	"os"
	"strings"
	"testing"
)

// Fault 19: no bit is refused, and each is shown: by today's name, or as it is.
func TestFault19AnyFlag(t *testing.T) {
	text := string(caseText(t, "plain", "stat"))
	own, err := ParseStat([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for bit := range 32 {
		flag := TaskFlags(1) << bit
		s, err := ParseStat([]byte(strings.Replace(text, fmt.Sprintf(" %d ", own.Flags), fmt.Sprintf(" %d ", flag), 1)))
		if err != nil || s.Flags != flag || s.Flags.String() == "" || s.KernelThread() != (flag == PFKthread) {
			t.Errorf("bit %d: %v, %v", bit, s.Flags, err)
		}
	}
	for want, flags := range map[string]TaskFlags{
		"":                                       0,
		"VCPU":                                   1, // of which the Rust crate cannot make anything
		"IO_WORKER":                              0x10,
		"POSTCOREDUMP USER_WORKER":               PFPostCoredump | PFUserWorker,
		"FORKNOEXEC NOFREEZE KCOMPACTD KTHREAD":  0x00218040,
		"LOCAL_THROTTLE MEMALLOC_PIN BLOCK_TS":   PFLocalThrottle | PFMemallocPin | PFBlockTS,
		"RANDOMIZE 0x800000 0x1000000 0x2000000": PFRandomize | PFOldSwapWrite | PFOldMemstall | PFOldUMH,
		"0x40000000 SUSPEND_TASK":                PFOldFreezerSkip | PFSuspendTask,
	} {
		if got := flags.String(); got != want {
			t.Errorf("%#x: %q, want %q", uint32(flags), got, want)
		}
	}
	if f := PFKthread | PFRandomize; !f.Has(PFKthread) || !f.Has(f) || f.Has(PFKthread|PFKswapd) {
		t.Error("Has")
	}
}

// Each constant is one bit, and today's have the name in their place.
func TestTaskFlagNames(t *testing.T) {
	today := []TaskFlags{
		PFVCPU, PFIdle, PFExiting, PFPostCoredump, PFIOWorker, PFWQWorker, PFForkNoExec, PFMCEProcess, PFSuperPriv, PFDumpCore, PFSignaled,
		PFMemalloc, PFNprocExceeded, PFUsedMath, PFUserWorker, PFNoFreeze, PFKcompactd, PFKswapd, PFMemallocNoFS, PFMemallocNoIO,
		PFLocalThrottle, PFKthread, PFRandomize, PFNoSetAffinity, PFMCEEarly, PFMemallocPin, PFBlockTS, PFSuspendTask,
	}
	var all TaskFlags
	for _, f := range today {
		if bits.OnesCount32(uint32(f)) != 1 || all&f != 0 || strings.HasPrefix(f.String(), "0x") {
			t.Errorf("%#x is %q", uint32(f), f)
		}
		all |= f
	}
	if named := 32 - strings.Count(TaskFlags(1<<32-1).String(), "0x"); named != len(today) {
		t.Errorf("%d bits have names, %d constants", named, len(today))
	}
}

// This kernel's own: nobody here but the kernel's threads has their flag.
func TestTaskFlagsLive(t *testing.T) {
	f := openProc(t)
	var s Stat
	if err := pin(t, f, os.Getpid()).Stat(&s); err != nil || s.Flags.Has(PFKthread) || s.Flags.Has(PFForkNoExec) {
		t.Errorf("%v, %v", s.Flags, err)
	}
	for p, err := range f.All() {
		if err != nil || p.Stat(&s) != nil || !s.KernelThread() {
			continue
		}
		name := strings.TrimRight(s.Comm.String(), "0123456789")
		if (name == "kswapd") != s.Flags.Has(PFKswapd) || s.VSize != 0 || !strings.Contains(s.Flags.String(), "KTHREAD") {
			t.Errorf("%s: %v", s.Comm, s.Flags)
		}
	}
}
