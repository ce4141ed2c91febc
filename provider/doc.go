// Package provider is a library about Linux processes: what /proc says of
// them, pinned to the process and never to its bare number.
//
// # A short course
//
// An [FS] is a procfs root: the machine's own ([OpenFS] of "/proc"), a private
// instance that nothing can be mounted over ([NewInstance]), another
// machine's or container's bound somewhere, or a captured tree of plain files.
//
//	proc, err := provider.OpenFS("/proc")
//	p, err := proc.Open(42)   // pinned: a descriptor of /proc/42
//	defer p.Close()
//	var st provider.Stat
//	err = p.Stat(&st)         // reuses st, allocates nothing
//
// A [Process] stays the process that it was opened on. When that process has
// exited every method fails with [ErrGone], even if its number belongs to
// somebody else by then; ErrGone also answers to errors.Is(err,
// fs.ErrNotExist). Permission errors stay permission errors.
//
// Every text of the kernel has a pure parser ([ParseStat], [ParseStatus],
// [ParseLimits], [ReadSmaps] …) that works on captured bytes as well.
//
// A server that answers for others asks an [Authority] who its [Caller] is and
// reads the gated files through that caller: the thread borrows the caller's
// effective ids and capabilities, lets the kernel decide, and gives them back.
//
// The package knows Linux. It must not know FUSE, nor FreeBSD.
package provider
