package provider

import (
	"bytes"
	"strings"

	"golang.org/x/sys/unix"
)

// NUMAMap is one line of /proc/PID/numa_maps (2.6.14, CONFIG_NUMA): where the
// pages of a mapping are. Counts are of pages of the mapping's own size. The
// kernel leaves out what is 0, and all from Anon on where no page is there.
type NUMAMap struct {
	Start  uint64 // address of the mapping, as in maps
	Policy NUMAPolicy

	// File is the path of what is mapped, "" for none, with newline, tab, blank
	// and '=' where the kernel wrote \012, \011, \040 and \075. It does not
	// escape the backslash, so a name that holds those characters comes out
	// wrong. It need not be UTF-8; deleted files have " (deleted)" after it.
	File  string
	Heap  bool
	Stack bool // the main thread's
	Huge  bool // of hugetlbfs

	Anon           uint64 // anonymous pages
	Dirty          uint64 // pages written to
	Mapped         uint64 // pages mapped, where that is neither Anon nor Dirty
	MapMax         uint64 // the most mappings that one of the pages has; 0 means 1
	SwapCache      uint64 // pages with a place in swap
	Active         uint64 // pages on the active list; see HasActive
	Writeback      uint64 // pages being written out
	HasActive      bool   // else all pages are active
	Nodes          []NUMANode
	KernelPageSize uint64 // bytes (3.1)

	Unknown []string // words that this library does not know
}

// NUMANode says how many of a mapping's pages are on a node.
type NUMANode struct {
	Node  int
	Pages uint64
}

// NUMAPolicy is the memory policy of a mapping, see set_mempolicy(2).
type NUMAPolicy struct {
	Mode  string // "default", "local", "prefer", "prefer (many)", "bind", "interleave", "weighted interleave" …
	Flags string // "static", "relative", "balancing", several with '|' between; mostly ""
	Nodes string // a list such as "0-1,3"; "" for all modes that have none
}

// String gives the kernel's text, such as "bind=static:0-1".
func (p NUMAPolicy) String() string {
	s := p.Mode
	if p.Flags != "" {
		s += "=" + p.Flags
	}
	if p.Nodes != "" {
		s += ":" + p.Nodes
	}
	return s
}

// NUMAMaps reads /proc/PID/numa_maps. It takes the right to inspect the process
// (PTRACE_MODE_READ_FSCREDS). A kernel thread has no mappings, which is no
// error; an address space that is gone, even halfway, is ErrGone.
func (d *dir) NUMAMaps() ([]NUMAMap, error) {
	fd, err := d.open("numa_maps", unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	r := d.fs.space(fd)
	defer d.closeSpace(r)
	var all []NUMAMap
	total := 0
	err = streamLines(&r.fd, r.buf, "numa_maps", func(line []byte) error {
		if total += len(line); total > listMost {
			return ErrTooBig
		}
		r.seen++
		all, err = appendNUMAMap(all, line)
		return err
	})
	if err := r.result(d, "numa_maps", nil, err); err != nil {
		return nil, err
	}
	return all, nil
}

// ParseNUMAMaps reads the text of numa_maps.
func ParseNUMAMaps(b []byte) ([]NUMAMap, error) {
	var all []NUMAMap
	for len(b) > 0 {
		n := bytes.IndexByte(b, '\n')
		if n < 0 {
			return nil, malformed("numa_maps", "no newline at the end")
		}
		var err error
		if all, err = appendNUMAMap(all, b[:n]); err != nil {
			return nil, err
		}
		b = b[n+1:]
	}
	return all, nil
}

func appendNUMAMap(all []NUMAMap, line []byte) ([]NUMAMap, error) {
	m := NUMAMap{}
	if !m.parse(line) {
		return nil, malformed("numa_maps", "not a mapping")
	}
	return append(all, m), nil
}

// parse reads "address policy word word…".
func (m *NUMAMap) parse(line []byte) bool {
	start, n := hexadecimal(line)
	if n == 0 || n == len(line) || line[n] != ' ' {
		return false
	}
	m.Start = start
	rest, ok := m.Policy.parse(string(line[n+1:]))
	if !ok {
		return false
	}
	for word := range strings.SplitSeq(rest, " ") {
		if word != "" && !m.word(word) {
			return false
		}
	}
	return true
}

// parse takes the policy from the start of s. Two modes have a blank in them.
func (p *NUMAPolicy) parse(s string) (rest string, ok bool) {
	from := 0
	for _, mode := range [...]string{"prefer (many)", "weighted interleave"} {
		if strings.HasPrefix(s, mode) {
			from = len(mode)
		}
	}
	end := len(s)
	if i := strings.IndexByte(s[from:], ' '); i >= 0 {
		end = from + i
	}
	mode, nodes, hasNodes := strings.Cut(s[:end], ":")
	mode, flags, hasFlags := strings.Cut(mode, "=")
	*p = NUMAPolicy{Mode: mode, Flags: flags, Nodes: nodes}
	return s[end:], mode != "" && hasNodes == (nodes != "") && hasFlags == (flags != "")
}

// word takes one of what follows the policy; false says that its value is not
// of its form.
func (m *NUMAMap) word(word string) bool {
	key, value, pair := strings.Cut(word, "=")
	switch {
	case !pair:
		m.flag(word)
		return true
	case key == "file":
		m.File = numaUnescape.Replace(value)
		return value != ""
	case len(key) > 1 && key[0] == 'N' && key[1] >= '0' && key[1] <= '9':
		return m.node(key[1:], value)
	}
	return m.count(word, key, value)
}

// numaUnescape undoes what the kernel escapes in this file.
var numaUnescape = strings.NewReplacer(`\012`, "\n", `\011`, "\t", `\040`, " ", `\075`, "=")

func (m *NUMAMap) flag(word string) {
	switch word {
	case "heap":
		m.Heap = true
	case "stack":
		m.Stack = true
	case "huge":
		m.Huge = true
	default: // such as "stack:TID" of 3.4 to 4.4
		m.Unknown = append(m.Unknown, word)
	}
}

func (m *NUMAMap) node(number, value string) bool {
	node, ok := decimalName([]byte(number))
	pages, ok2 := decimalWord(value)
	m.Nodes = append(m.Nodes, NUMANode{node, pages})
	return ok && ok2
}

func (m *NUMAMap) count(word, key, value string) (ok bool) {
	switch key {
	case "anon":
		m.Anon, ok = decimalWord(value)
	case "dirty":
		m.Dirty, ok = decimalWord(value)
	case "mapped":
		m.Mapped, ok = decimalWord(value)
	case "mapmax":
		m.MapMax, ok = decimalWord(value)
	case "swapcache":
		m.SwapCache, ok = decimalWord(value)
	case "active":
		m.Active, ok = decimalWord(value)
		m.HasActive = ok
	case "writeback":
		m.Writeback, ok = decimalWord(value)
	case "kernelpagesize_kB":
		m.KernelPageSize, ok = decimalWord(value)
		ok = ok && m.KernelPageSize < 1<<54
		m.KernelPageSize <<= 10
	default:
		m.Unknown = append(m.Unknown, word)
		return true
	}
	return ok
}

func decimalWord(s string) (uint64, bool) {
	v, n := decimal([]byte(s))
	return v, n > 0 && n == len(s)
}
