package tests

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// hostileNames are names of processes as their owners may choose them.
var hostileNames = []string{"new\nline", "a) R 1 1 (b", " b l a n k s ", strings.Repeat("\xff", 15), "\x00", "\t\v\f\r\x1b[2J", `back\slash\012`, "%s%n%d", "\n\n\n", "plain"}

// helperHostile is hostile in the way that KIND says, says "ready", and goes on
// changing until its input ends.
func helperHostile() {
	kind, argument, _ := strings.Cut(os.Getenv("KIND"), ":")
	change := func(int) { time.Sleep(time.Hour) }
	switch kind {
	case "name":
		name := hostileNames[atoiOr0(argument)]
		check(os.WriteFile("/proc/self/comm", []byte(name), 0))
	case "names":
		change = func(i int) { check(os.WriteFile("/proc/self/comm", []byte(hostileNames[i%len(hostileNames)]), 0)) }
	case "rewritten":
		change = rewriteOwn()
	case "moved":
		move := moveArguments()
		if change = move; argument != "" { // there it stays
			move(atoiOr0(argument))
			change = func(int) { time.Sleep(time.Hour) }
		}
	case "mappings":
		change = changingMappings(atoiOr0(argument))
	}
	go func() {
		for i := 0; ; i++ {
			change(i)
			time.Sleep(100 * time.Microsecond) // for those who look
		}
	}()
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
}

// statField is a number of /proc/self/stat, counted from 1 as in proc(5).
func statField(n int) uint64 {
	_, fields, err := native{os.Getpid()}.stat()
	check(err)
	v, err := strconv.ParseUint(fields[n], 10, 64)
	check(err)
	return v
}

// rewriteOwn overwrites the arguments: without a NUL at the end the kernel goes
// on into the environment, which is overwritten, too.
func rewriteOwn() func(int) {
	from, to := statField(48), statField(51)
	mem, err := os.OpenFile("/proc/self/mem", os.O_RDWR, 0)
	check(err)
	text := make([]byte, to-from)
	return func(i int) {
		for at := range text {
			text[at] = "a\n) \xff\x00x"[(at+i)%(7-i%2*4)]
		}
		_, err := mem.WriteAt(text, int64(from))
		check(err)
	}
}

// mmMap is struct prctl_mm_map.
type mmMap struct {
	startCode, endCode, startData, endData, startBrk, brk, startStack uint64
	argStart, argEnd, envStart, envEnd                                uint64
	auxv                                                              uintptr
	auxvSize                                                          uint32
	exe                                                               int32
}

// moveArguments has the arguments be elsewhere: in a text of a megabyte, in more
// memory than anybody may read, where nothing is, and where they were.
func moveArguments() func(int) {
	m := mmMap{startCode: statField(26), endCode: statField(27), startData: statField(45), endData: statField(46), startBrk: statField(47), brk: statField(47),
		startStack: statField(28), argStart: statField(48), argEnd: statField(49), envStart: statField(50), envEnd: statField(51), exe: -1}
	text, hole := scratch(1<<20), scratch(1<<20)
	for i := range text {
		text[i] = "line\n) \xff"[i%8]
	}
	text[len(text)-1] = 0 // or it is a title, of which the kernel gives a page
	large := scratch(64 << 20)
	from, gone := m, uint64(address(hole))
	check(unix.Munmap(hole))
	places := [][2]uint64{{uint64(address(text)), uint64(address(text)) + 1<<20}, {uint64(address(large)), uint64(address(large)) + 64<<20},
		{gone, gone + 1<<20}, {from.argStart, from.argEnd}, {from.argStart, from.argStart}}
	move := func(i int) {
		p := places[i%len(places)]
		m.argStart, m.argEnd = p[0], p[1]
		_, _, errno := unix.Syscall6(unix.SYS_PRCTL, unix.PR_SET_MM, unix.PR_SET_MM_MAP, uintptr(unsafe.Pointer(&m)), unsafe.Sizeof(m), 0, 0)
		if errno != 0 {
			check(errno)
		}
	}
	move(0)
	return func(i int) {
		time.Sleep(5 * time.Millisecond)
		move(i)
	}
}

// changingMappings makes n, neighbours that do not merge, and changes some.
func changingMappings(n int) func(int) {
	page := os.Getpagesize()
	area, err := unix.Mmap(-1, 0, (n-200)*page, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	check(err)
	for i := 0; i < n-200; i += 2 { // others of this process come on top
		check(unix.Mprotect(area[i*page:(i+1)*page], unix.PROT_READ|unix.PROT_WRITE))
	}
	return func(i int) {
		at := i * 2 % (n - 202) * page
		protection := unix.PROT_READ
		if i/(n/2)%2 == 1 {
			protection |= unix.PROT_WRITE
		}
		check(unix.Mprotect(area[at:at+page], protection))
	}
}

// suspicion is what a reader found.
type suspicion struct {
	Reads, Lines, Longest, Largest int
	MapLines                       int // of the largest map
	Errors                         map[string]int
	Names                          map[string]int // first words of status lines
	Faults                         []string
}

// How lines look, whatever the process.
var (
	statusForm = regexp.MustCompile(`^(?:[!-\[\]-~]|\\[0-3][0-7]{2}){1,19} \d+ \d+ \d+ \d+ (?:[!-~]{1,63}) (?:noflags|ctty|sldr|ctty,sldr) \d+,\d{1,6} \d+,\d{1,6} \d+,\d{1,6} [!-~]{1,19} \d+ \d+ [\d,]{3,255} [!-~]{1,256}$`)
	mapForm    = regexp.MustCompile(`^0x[0-9a-f]+ 0x[0-9a-f]+ \d+ \d+ 0x[0-9a-f]+ [r-][w-][x-] \d+ [01] 0x\d+ N?COW N?NC (?:none|phys|swap|vnode|device|unknown) (?:-|[^ -][^\n]*) (?:NCH -1|CH \d+)$`)
	rlimitForm = regexp.MustCompile(`^[a-z]+ -?\d+ -?\d+$`)
	etypeForm  = regexp.MustCompile(`^(?:Linux ELF(?:32|64)|null|Not Available)$`)
)

// Bounds of lines and of texts.
const (
	longestLine = 4*unix.PathMax + 256
	largestText = 32 << 20
)

// helperSuspicious: DIRECTORY TIME PIDS...: reads everything of them and looks
// at each line.
func helperSuspicious() {
	s := &suspicion{Errors: map[string]int{}, Names: map[string]int{}}
	limit, err := time.ParseDuration(os.Args[2])
	must(err)
	for end := time.Now().Add(limit); time.Now().Before(end) || s.MapLines == 0 && time.Since(end) < 20*time.Second; {
		s.read(os.Args[1], "", "status", statusForm)
		for _, pid := range os.Args[3:] {
			s.process(pid)
		}
	}
	out, err := json.Marshal(s)
	must(err)
	os.Stdout.Write(out)
}

func (s *suspicion) process(pid string) {
	dir := os.Args[1] + "/" + pid
	line := s.read(dir, pid, "status", statusForm)
	name, _, _ := strings.Cut(line, " ")
	s.Names[pid+" "+name]++
	s.read(dir, pid, "rlimit", rlimitForm)
	s.read(dir, pid, "etype", etypeForm)
	s.read(dir, pid, "map", mapForm)
	s.read(dir, pid, "cmdline", nil)
	if link, err := os.Readlink(dir + "/file"); err != nil || len(link) > unix.PathMax {
		s.fault(pid, "file", "%d bytes, %v", len(link), err)
	}
}

func (s *suspicion) fault(pid, node, format string, args ...any) {
	if len(s.Faults) < 20 {
		s.Faults = append(s.Faults, fmt.Sprintf("%s/%s, uid %d: ", pid, node, os.Getuid())+fmt.Sprintf(format, args...))
	}
}

// read looks at a text. Refused may be what is too long or takes too long, and
// arguments that are nowhere.
func (s *suspicion) read(dir, pid, node string, form *regexp.Regexp) string {
	b, err := os.ReadFile(dir + "/" + node)
	s.Reads++
	if err != nil {
		s.Errors[node+" "+errnoText(err)]++
		if !slices.ContainsFunc([]error{unix.ENOMEM, unix.ETIMEDOUT}, func(e error) bool { return errors.Is(err, e) }) || node != "cmdline" && node != "map" {
			s.fault(pid, node, "%v", err)
		}
		return ""
	}
	text := string(b)
	s.Largest = max(s.Largest, len(text))
	if len(text) > largestText || form != nil && !strings.HasSuffix(text, "\n") {
		s.fault(pid, node, "%d bytes, ending in %q", len(text), text[max(0, len(text)-20):])
	}
	if form != nil {
		s.lines(pid, node, text, form)
	}
	return text
}

func (s *suspicion) lines(pid, node, text string, form *regexp.Regexp) {
	list := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	s.Lines += len(list)
	for _, line := range list {
		if s.Longest = max(s.Longest, len(line)); len(line) > longestLine || !form.MatchString(line) {
			s.fault(pid, node, "%.300q", line)
		}
	}
	fault := ""
	switch {
	case node == "map":
		s.MapLines = max(s.MapLines, len(list))
		fault = mapFault(list)
	case pid == "":
		fault = strings.Join(tableFaults(text), "; ")
	default:
		fault = textFault(node, pid, text)
	}
	if fault != "" {
		s.fault(pid, node, "%.300s", fault)
	}
}
