package provider

import "bytes"

// MapKind is what a mapping is, as its Path tells.
type MapKind uint8

const (
	MapAnonymous   MapKind = iota // no name: memory, or /dev/zero before 2.4
	MapPath                       // a file, by its path or by a name such as "anon_inode:[io_uring]"
	MapHeap                       // [heap], what brk(2) grows
	MapStack                      // [stack], the main thread's
	MapThreadStack                // [stack:TID], see ThreadStack (3.4 to 4.4)
	MapVDSO                       // [vdso], see vdso(7)
	MapVVAR                       // [vvar], the data of the vdso
	MapVsyscall                   // [vsyscall], of x86, beyond the user's addresses
	MapRollup                     // [rollup], the one entry of smaps_rollup
	MapSysV                       // a System V shared memory segment, see SysVKey
	MapAnonName                   // [anon:name] or [anon_shmem:name], see AnonName (5.17, 6.2)
	MapOther                      // any other [name], such as [vvar_vclock] or [uprobes]

	mapKinds
)

var mapKindNames = [mapKinds]string{
	"anonymous", "path", "heap", "stack", "thread stack", "vdso", "vvar", "vsyscall", "rollup", "sysv", "anon name", "other",
}

// String gives the kind in a word or two, such as "thread stack".
func (k MapKind) String() string {
	if k >= mapKinds {
		return "unknown kind"
	}
	return mapKindNames[k]
}

// Kind tells what the mapping is. No path is refused, whatever it looks like,
// and nothing is allocated. A file's path always begins with '/', so no file
// can be taken for one of the kernel's names in brackets; only a deleted file
// that was named as a System V segment, in the root directory, cannot be told
// from it.
func (m *Mapping) Kind() MapKind {
	switch {
	case len(m.Path) == 0:
		return MapAnonymous
	case m.Path[0] == '[':
		return m.bracketKind()
	}
	if _, ok := m.SysVKey(); ok {
		return MapSysV
	}
	return MapPath
}

func (m *Mapping) bracketKind() MapKind {
	switch string(m.Path) {
	case "[heap]":
		return MapHeap
	case "[stack]":
		return MapStack
	case "[vdso]":
		return MapVDSO
	case "[vvar]":
		return MapVVAR
	case "[vsyscall]":
		return MapVsyscall
	case "[rollup]":
		return MapRollup
	}
	if _, ok := m.ThreadStack(); ok {
		return MapThreadStack
	}
	if _, ok := m.AnonName(); ok {
		return MapAnonName
	}
	return MapOther
}

// ThreadStack gives the thread whose stack it is, from "[stack:TID]" (3.4 to 4.4).
func (m *Mapping) ThreadStack() (tid int, ok bool) {
	b, ok := within(m.Path, "[stack:", "]")
	if !ok {
		return 0, false
	}
	return decimalName(b)
}

// AnonName gives the name that the process gave to anonymous memory, with
// prctl(PR_SET_VMA_ANON_NAME): from "[anon:NAME]" (5.17) or, where the memory
// is shared, "[anon_shmem:NAME]" (6.2). It is part of Path. Kernels need
// CONFIG_ANON_VMA_NAME for it; Android's had it long before.
func (m *Mapping) AnonName() (name []byte, ok bool) {
	if name, ok = within(m.Path, "[anon:", "]"); ok {
		return name, true
	}
	return within(m.Path, "[anon_shmem:", "]")
}

// SysVKey gives the key of a System V shared memory segment, from
// "/SYSV%08x (deleted)"; 0 is IPC_PRIVATE. The number of the segment (shmid)
// is the mapping's Inode.
func (m *Mapping) SysVKey() (key int32, ok bool) {
	b, ok := within(m.Path, "/SYSV", deletedSuffix)
	if !ok || len(b) != 8 {
		return 0, false
	}
	v, n := hexadecimal(b)
	if n != len(b) {
		return 0, false
	}
	return int32(uint32(v)), true
}

func within(b []byte, before, after string) ([]byte, bool) {
	if len(b) < len(before)+len(after) || string(b[:len(before)]) != before || string(b[len(b)-len(after):]) != after {
		return nil, false
	}
	return b[len(before) : len(b)-len(after)], true
}

// AppendPath appends the Path to dst with newlines where the kernel wrote
// \012. That is all that maps escapes, and not the backslash itself: a file
// whose name holds the four characters \012 comes out wrong. The link in
// [Process.MapFiles] and [MapsFile.Query] have the name as it is; there is
// nothing to undo in theirs.
func (m *Mapping) AppendPath(dst []byte) []byte {
	rest := m.Path
	for {
		i := bytes.Index(rest, []byte(`\012`))
		if i < 0 {
			return append(dst, rest...)
		}
		dst = append(append(dst, rest[:i]...), '\n')
		rest = rest[i+4:]
	}
}
