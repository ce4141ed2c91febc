package render

import "strconv"

// Infinity is no limit, printed -1.
const Infinity = ^uint64(0)

// rlimInfinity is FreeBSD's RLIM_INFINITY, 2^63-1. Its rlim_t is signed, so no
// finite limit lies above.
const rlimInfinity = 1<<63 - 1

// Resource is the number of a limit: FreeBSD's RLIMIT_*, whose order is that of
// the lines of rlimit.
type Resource int

// The resources, with the unit of their limits.
const (
	CPU     Resource = iota // RLIMIT_CPU, seconds
	FSize                   // RLIMIT_FSIZE, bytes
	Data                    // RLIMIT_DATA, bytes
	Stack                   // RLIMIT_STACK, bytes
	Core                    // RLIMIT_CORE, bytes
	RSS                     // RLIMIT_RSS, bytes
	MemLock                 // RLIMIT_MEMLOCK, bytes
	NProc                   // RLIMIT_NPROC, processes
	NoFile                  // RLIMIT_NOFILE, descriptors
	SBSize                  // RLIMIT_SBSIZE, bytes of socket buffers
	VMem                    // RLIMIT_VMEM, bytes of address space
	NPTS                    // RLIMIT_NPTS, pseudo-terminals
	Swap                    // RLIMIT_SWAP, bytes
	KQueues                 // RLIMIT_KQUEUES, kqueues
	UMTX                    // RLIMIT_UMTXP, process-shared umtx objects
	PipeBuf                 // RLIMIT_PIPEBUF, bytes; since FreeBSD 14.2
	VMM                     // RLIMIT_VMM, virtual machines; since FreeBSD 15
)

var resourceNames = [VMM + 1]string{
	"cpu", "fsize", "data", "stack", "core", "rss", "memlock", "nproc", "nofile",
	"sbsize", "vmem", "npts", "swap", "kqueues", "umtx", "pipebuf", "vmm",
}

// String is the name at the beginning of the line.
func (r Resource) String() string {
	if r < 0 || r > VMM {
		return "Resource(" + strconv.Itoa(int(r)) + ")"
	}
	return resourceNames[r]
}

// Limit is a struct rlimit, in the resource's unit.
type Limit struct {
	Cur uint64 // rlim_cur, the soft limit
	Max uint64 // rlim_max, the hard limit
}

// Rlimit holds the 17 limits of a process, indexed by Resource. The zero value
// forbids everything: what has no limit must say Infinity.
type Rlimit [VMM + 1]Limit

// AppendRlimit appends rlimit: for each resource a line of its name and the
// soft and hard limit.
func AppendRlimit(dst []byte, r *Rlimit) []byte {
	for i := range r {
		dst = append(dst, Resource(i).String()...)
		dst = appendLimit(append(dst, ' '), r[i].Cur)
		dst = appendLimit(append(dst, ' '), r[i].Max)
		dst = append(dst, '\n')
	}
	return dst
}

// appendLimit appends one value, or -1 for none.
func appendLimit(dst []byte, v uint64) []byte {
	if v >= rlimInfinity {
		return append(dst, "-1"...)
	}
	return strconv.AppendUint(dst, v, 10)
}
