package tests

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// What native /proc says, read and translated independently of the product:
// plain os.ReadFile and strings. Each function gives what the node of our tree
// must say to the same caller, or the errno that it must fail with.

type native struct{ pid int }

func (n native) file(name string) string { return fmt.Sprintf("/proc/%d/%s", n.pid, name) }

func (n native) read(name string) (string, error) {
	b, err := os.ReadFile(n.file(name))
	return string(b), err
}

// stat gives the name and the fields from the state (index 3) on, numbered as
// in proc_pid_stat(5).
func (n native) stat() (name string, fields []string, err error) {
	text, err := n.read("stat")
	if err != nil {
		return "", nil, err
	}
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	fields = append([]string{"", "", ""}, strings.Fields(text[end+1:])...)
	return text[open+1 : end], fields, nil
}

func (n native) statusKeys() (map[string]string, error) {
	text, err := n.read("status")
	keys := map[string]string{}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(line, ":")
		keys[key] = strings.TrimSpace(value)
	}
	return keys, err
}

// kernelThread goes by the flag PF_KTHREAD.
func (n native) kernelThread() bool {
	_, f, err := n.stat()
	if err != nil {
		return false
	}
	flags, _ := strconv.ParseUint(f[9], 10, 32)
	return flags&0x00200000 != 0
}

func (n native) status() (string, error) {
	name, f, err := n.stat()
	if err != nil {
		return "", err
	}
	keys, err := n.statusKeys()
	if err != nil {
		return "", err
	}
	uid, gid := strings.Fields(keys["Uid"]), strings.Fields(keys["Gid"])
	groups := append([]string{gid[0], gid[1]}, strings.Fields(keys["Groups"])...)
	line := []string{
		escaped(cut(name, 19)), strconv.Itoa(n.pid), f[4], f[5], f[6], n.tty(f[7]), flagWord(f[7], f[6], n.pid),
		n.start(f[22]), ticks(f[14]), ticks(f[15]), n.waitChannel(f[3]), uid[1], uid[0],
		groupWord(groups), n.jail(keys["NSpid"]),
	}
	return strings.Join(line, " ") + "\n", nil
}

func cut(s string, n int) string { return s[:min(n, len(s))] }

func escaped(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c < 33 || c > 126 || c == '\\' {
			fmt.Fprintf(&b, `\%03o`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func groupWord(groups []string) string {
	word := groups[0]
	for _, g := range groups[1:] {
		if len(word)+1+len(g) > 255 {
			break
		}
		word += "," + g
	}
	return word
}

func flagWord(tty, session string, pid int) string {
	var words []string
	if tty != "0" {
		words = append(words, "ctty")
	}
	if session == strconv.Itoa(pid) {
		words = append(words, "sldr")
	}
	if len(words) == 0 {
		return "noflags"
	}
	return strings.Join(words, ",")
}

func (n native) tty(number string) string {
	nr, _ := strconv.Atoi(number)
	major, minor := nr>>8&0xfff, nr&0xff|nr>>12&0xfff00
	if nr == 0 {
		return "-"
	}
	if major >= 136 && major <= 143 {
		return fmt.Sprintf("pts/%d", (major-136)*256+minor)
	}
	text, _ := os.ReadFile(fmt.Sprintf("/sys/dev/char/%d:%d/uevent", major, minor))
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "DEVNAME="); ok {
			return strings.TrimSpace(name)
		}
	}
	return "-"
}

func ticks(field string) string {
	n, _ := strconv.ParseUint(field, 10, 64)
	return fmt.Sprintf("%d,%d", n/100, n%100*10000)
}

// start is known to a tick only, so it is left as the number of ticks after
// boot; comparable turns ours into the same.
func (n native) start(field string) string { return "@" + field }

func (n native) waitChannel(state string) string {
	if state == "R" {
		return "nochan"
	}
	text, err := n.read("wchan")
	if err != nil || text == "0" || text == "" {
		return "-"
	}
	return cut(text, 19)
}

func (n native) jail(nspid string) string {
	if len(strings.Fields(nspid)) <= 1 {
		return "-"
	}
	if _, err := os.Readlink(n.file("ns/uts")); err != nil {
		return "?"
	}
	return "*" // a host name, which a test with a container of its own compares
}

// activity changes whenever a thread of the process has run.
func (n native) activity() string {
	var b strings.Builder
	files, _ := filepath.Glob(n.file("task/*/schedstat"))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		b.Write(text)
	}
	return b.String()
}

// comparable turns a line of ours into the form of native.status.
func comparable(line string) string {
	f := strings.Split(strings.TrimSuffix(line, "\n"), " ")
	if len(f) != 15 {
		return line
	}
	var now, up unix.Timespec
	unix.ClockGettime(unix.CLOCK_REALTIME, &now)
	unix.ClockGettime(unix.CLOCK_BOOTTIME, &up)
	var sec, usec int64
	fmt.Sscanf(f[7], "%d,%d", &sec, &usec)
	sinceBoot := sec*1e6 + usec - (now.Nano()-up.Nano())/1000
	f[7] = fmt.Sprintf("@%d", (sinceBoot+5000)/10000)
	if f[14] != "-" && f[14] != "?" {
		f[14] = "*"
	}
	return strings.Join(f, " ") + "\n"
}

var limitLabels = []struct{ name, label string }{
	{"cpu", "Max cpu time"}, {"fsize", "Max file size"}, {"data", "Max data size"}, {"stack", "Max stack size"},
	{"core", "Max core file size"}, {"rss", "Max resident set"}, {"memlock", "Max locked memory"},
	{"nproc", "Max processes"}, {"nofile", "Max open files"}, {"sbsize", ""}, {"vmem", "Max address space"},
	{"npts", ""}, {"swap", ""}, {"kqueues", ""}, {"umtx", ""}, {"pipebuf", ""}, {"vmm", ""},
}

func (n native) rlimit() (string, error) {
	text, err := n.read("limits")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, l := range limitLabels {
		cur, max := "-1", "-1"
		for line := range strings.Lines(text) {
			if l.label != "" && strings.HasPrefix(line, l.label+" ") {
				f := strings.Fields(line[len(l.label):])
				cur, max = f[0], f[1]
			}
		}
		line := fmt.Sprintf("%s %s %s\n", l.name, cur, max)
		b.WriteString(strings.ReplaceAll(line, "unlimited", "-1"))
	}
	return b.String(), nil
}

func (n native) etype() (string, error) {
	if n.kernelThread() {
		return "null\n", nil
	}
	f, err := os.Open(n.file("exe"))
	if err != nil {
		_, gone := os.Lstat(n.file("stat"))
		return "Not Available\n", gone
	}
	defer f.Close()
	ident := make([]byte, 5)
	f.Read(ident)
	switch {
	case !bytes.HasPrefix(ident, []byte("\x7fELF")):
		return "Not Available\n", nil
	case ident[4] == 1:
		return "Linux ELF32\n", nil
	}
	return "Linux ELF64\n", nil
}

func (n native) link() (string, error) {
	text, err := os.Readlink(n.file("exe"))
	if err == nil && strings.HasSuffix(text, " (deleted)") {
		if st, err := os.Stat(text); err != nil || !st.Mode().IsRegular() {
			return "unknown", nil
		}
	}
	return text, err
}

// mapColumns are those that smaps states outright: start, end, resident,
// private-resident, access, charged uid.
func (n native) mapColumns() ([]string, error) {
	text, err := n.read("smaps")
	if err != nil {
		return nil, err
	}
	keys, err := n.statusKeys()
	if err != nil {
		return nil, err
	}
	ruid := strings.Fields(keys["Uid"])[0]
	var all []string
	var head []string
	var resident, private int
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		key := strings.TrimSuffix(f[0], ":")
		switch {
		case key == f[0]: // the head of an entry
			head, resident, private = f, 0, 0
		case slices.Contains([]string{"Rss", "Shared_Hugetlb"}, key):
			resident += atoiOr0(f[1])
		case slices.Contains([]string{"Private_Clean", "Private_Dirty"}, key):
			private += atoiOr0(f[1])
		case key == "Private_Hugetlb":
			private += atoiOr0(f[1])
			resident += atoiOr0(f[1])
		case key == "VmFlags":
			charge := "NCH -1"
			if slices.Contains(f, "ac") {
				charge = "CH " + ruid
			}
			from, to, _ := strings.Cut(head[0], "-")
			kib := os.Getpagesize() / 1024
			all = append(all, fmt.Sprintf("%s %s %d %d %s %s", hex(from), hex(to), resident/kib, private/kib, head[1][:3], charge))
		}
	}
	return all, nil
}

func hex(s string) string {
	n, _ := strconv.ParseUint(s, 16, 64)
	return fmt.Sprintf("%#x", n)
}

func atoiOr0(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// ourColumns takes the same columns out of a map of ours.
func ourColumns(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 15 {
			return append(all, "short line: "+line)
		}
		end := len(f)
		all = append(all, strings.Join([]string{f[0], f[1], f[2], f[3], f[5], f[end-2], f[end-1]}, " "))
	}
	return all
}

// live is false of a zombie, unless it is a leader with a live thread.
func (n native) live() bool {
	_, f, err := n.stat()
	return err == nil && (!slices.Contains([]string{"Z", "X"}, f[3]) || f[20] != "1")
}

// processes are the live ones that native /proc lists.
func processes() []int {
	var pids []int
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		if pid := atoiOr0(filepath.Base(dir)); (native{pid}).live() {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids
}

// errnoName compares errors across the two trees: by errno, and by what it
// means for something absent.
func errnoName(err error) string {
	var errno unix.Errno
	if !errors.As(err, &errno) {
		return fmt.Sprint(err)
	}
	switch errno {
	case unix.ESRCH, unix.ENOENT:
		return "gone"
	case unix.EPERM, unix.EACCES:
		return "denied"
	}
	return errno.Error()
}
