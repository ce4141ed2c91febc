package provider

import "strconv"

// CoredumpFilter is the set of what goes into a core dump; see core(5).
type CoredumpFilter uint32

const (
	CoredumpAnonPrivate CoredumpFilter = 1 << iota // anonymous private mappings
	CoredumpAnonShared                             // anonymous shared mappings
	CoredumpFilePrivate                            // private mappings of files
	CoredumpFileShared                             // shared mappings of files
	CoredumpELFHeaders                             // first pages of mappings that are ELF headers (2.6.24)
	CoredumpHugePrivate                            // private huge pages (2.6.28)
	CoredumpHugeShared                             // shared huge pages (2.6.28)
	CoredumpDAXPrivate                             // private DAX pages (4.4)
	CoredumpDAXShared                              // shared DAX pages (4.4)
)

var coredumpNames = [32]string{
	"anon-private", "anon-shared", "file-private", "file-shared", "elf-headers",
	"huge-private", "huge-shared", "dax-private", "dax-shared",
}

// Has reports whether all of want are set.
func (f CoredumpFilter) Has(want CoredumpFilter) bool { return f&want == want }

// String gives names such as "anon-private elf-headers", with blanks between.
// A bit unknown here is shown in hexadecimal.
func (f CoredumpFilter) String() string { return flagNames(uint32(f), &coredumpNames) }

// ParseCoredumpFilter reads the text of a coredump_filter file, a hexadecimal
// number. Bits unknown here are kept.
func ParseCoredumpFilter(b []byte) (CoredumpFilter, error) {
	v, err := oneHex("coredump_filter", b)
	return CoredumpFilter(v), err
}

// CoredumpFilter reads /proc/PID/coredump_filter (2.6.23, CONFIG_ELF_CORE). A
// kernel thread has none: ErrNotSupported. A zombie has lost it: ErrGone.
func (p *Process) CoredumpFilter() (CoredumpFilter, error) {
	return scalar(&p.dir, "coredump_filter", ParseCoredumpFilter)
}

// SetCoredumpFilter writes /proc/PID/coredump_filter, for all processes that
// share this one's memory. The kernel ignores bits that it does not know.
func (p *Process) SetCoredumpFilter(f CoredumpFilter) error {
	err := p.write("coredump_filter", "0x"+strconv.FormatUint(uint64(f), 16))
	return p.spaceError("write", "coredump_filter", err)
}
