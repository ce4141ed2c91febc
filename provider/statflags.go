package provider

// TaskFlags are the PF_* bits of <linux/sched.h> in Stat.Flags. They are no
// interface of the kernel's: between releases bits are given up, and given
// another meaning. So every bit is kept, and names are those of Linux 6.18.
type TaskFlags uint32

// The bits of Linux 6.18.
const (
	PFVCPU          TaskFlags = 0x00000001 // runs a virtual machine's CPU (5.12)
	PFIdle          TaskFlags = 0x00000002 // an idle thread
	PFExiting       TaskFlags = 0x00000004
	PFPostCoredump  TaskFlags = 0x00000008 // core dumps are to leave it out
	PFIOWorker      TaskFlags = 0x00000010 // a worker of io_uring (5.12)
	PFWQWorker      TaskFlags = 0x00000020 // a worker of a work queue
	PFForkNoExec    TaskFlags = 0x00000040 // forked, and has not executed anything since
	PFMCEProcess    TaskFlags = 0x00000080 // has its own policy on memory errors
	PFSuperPriv     TaskFlags = 0x00000100 // used privileges
	PFDumpCore      TaskFlags = 0x00000200 // dumped core
	PFSignaled      TaskFlags = 0x00000400 // killed by a signal
	PFMemalloc      TaskFlags = 0x00000800 // allocates memory in order to free memory
	PFNprocExceeded TaskFlags = 0x00001000 // RLIMIT_NPROC was exceeded when its user changed
	PFUsedMath      TaskFlags = 0x00002000 // has used the FPU
	PFUserWorker    TaskFlags = 0x00004000 // a kernel thread made by a process
	PFNoFreeze      TaskFlags = 0x00008000 // not to be frozen
	PFKcompactd     TaskFlags = 0x00010000
	PFKswapd        TaskFlags = 0x00020000
	PFMemallocNoFS  TaskFlags = 0x00040000 // allocates without file systems
	PFMemallocNoIO  TaskFlags = 0x00080000 // allocates without I/O
	PFLocalThrottle TaskFlags = 0x00100000 // writes are throttled by their own device alone
	PFKthread       TaskFlags = 0x00200000 // a thread of the kernel (2.6.27)
	PFRandomize     TaskFlags = 0x00400000 // randomized address space
	PFNoSetAffinity TaskFlags = 0x04000000 // its CPUs may not be changed
	PFMCEEarly      TaskFlags = 0x08000000 // killed early on memory errors
	PFMemallocPin   TaskFlags = 0x10000000 // allocates where pages may be pinned for long
	PFBlockTS       TaskFlags = 0x20000000 // has a cached block time stamp
	PFSuspendTask   TaskFlags = 0x80000000 // suspends the machine
)

// What bits meant in older kernels. Nothing in stat tells which meaning holds;
// String knows those of today only.
const (
	PFOldExitPIDone    TaskFlags = 0x00000008
	PFOldVCPU          TaskFlags = 0x00000010 // until 5.11
	PFOldUsedAsync     TaskFlags = 0x00004000
	PFOldFrozen        TaskFlags = 0x00010000
	PFOldLessThrottle  TaskFlags = 0x00100000
	PFOldSwapWrite     TaskFlags = 0x00800000
	PFOldMemstall      TaskFlags = 0x01000000
	PFOldUMH           TaskFlags = 0x02000000
	PFOldMemallocNoCMA TaskFlags = 0x10000000
	PFOldMutexTester   TaskFlags = 0x20000000
	PFOldFreezerSkip   TaskFlags = 0x40000000
)

// taskFlagNames are the kernel's names without PF_, by bit.
var taskFlagNames = [32]string{
	"VCPU", "IDLE", "EXITING", "POSTCOREDUMP", "IO_WORKER", "WQ_WORKER", "FORKNOEXEC", "MCE_PROCESS",
	"SUPERPRIV", "DUMPCORE", "SIGNALED", "MEMALLOC", "NPROC_EXCEEDED", "USED_MATH", "USER_WORKER", "NOFREEZE",
	"KCOMPACTD", "KSWAPD", "MEMALLOC_NOFS", "MEMALLOC_NOIO", "LOCAL_THROTTLE", "KTHREAD", "RANDOMIZE", "",
	"", "", "NO_SETAFFINITY", "MCE_EARLY", "MEMALLOC_PIN", "BLOCK_TS", "", "SUSPEND_TASK",
}

// Has reports whether all bits of want are set.
func (f TaskFlags) Has(want TaskFlags) bool { return f&want == want }

// String gives the names of Linux 6.18 without their PF_, such as "FORKNOEXEC
// RANDOMIZE", lowest bit first. A bit that has no name there is shown as its
// value in hexadecimal.
func (f TaskFlags) String() string { return flagNames(uint32(f), &taskFlagNames) }
