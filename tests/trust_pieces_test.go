package tests

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// pieceSizes are the LTP's and others.
var pieceSizes = []int{1, 7, 64, 512, 1024, 4096}

// piecesWalker reads every file of the /proc that it sees, piece by piece.
type piecesWalker struct {
	still, daemon string // the process whose texts do not change; whom nobody may look into
	most          int    // pieces of one size, the rest comes by the largest
	pieceReport
}

// helperPieces: UID STILL DAEMON TIME PIECES.
func helperPieces() {
	must(setUser(atoiOr0(os.Args[1])))
	w := &piecesWalker{still: os.Args[2], daemon: os.Args[3], most: atoiOr0(os.Args[5])}
	w.Refused = map[string]int{}
	howLong, err := time.ParseDuration(os.Args[4])
	must(err)
	for end := time.Now().Add(howLong); w.Walks == 0 || time.Now().Before(end) && len(w.Faults) < 20; w.Walks++ {
		w.walk()
	}
	out, err := json.Marshal(w.pieceReport)
	must(err)
	os.Stdout.Write(out)
}

func (w *piecesWalker) fault(path, format string, args ...any) {
	w.Faults = append(w.Faults, path+": "+fmt.Sprintf(format, args...))
}

func (w *piecesWalker) walk() {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		w.fault("/proc", "%v", err)
	}
	for _, e := range entries {
		switch {
		case e.IsDir():
			w.process("/proc/"+e.Name(), e.Name())
		case e.Type().IsRegular():
			w.file("/proc/"+e.Name(), e.Name(), "")
		}
	}
}

func (w *piecesWalker) process(dir, pid string) {
	entries, err := os.ReadDir(dir)
	if w.refused(dir, pid, err) {
		return
	}
	for _, e := range entries {
		path := dir + "/" + e.Name()
		info, err := e.Info()
		if w.refused(path, pid, err) || !info.Mode().IsRegular() || info.Mode()&0o444 == 0 { // written only
			continue
		}
		w.file(path, e.Name(), pid)
	}
}

// refused reports whether there was an error. What says "gone" must be true.
func (w *piecesWalker) refused(path, pid string, err error) bool {
	if err == nil {
		return false
	}
	name := errnoText(err)
	w.Refused[name]++
	switch {
	case name == "EACCES" && os.Geteuid() != 0, name == "EACCES" && pid == w.daemon, name == "ESRCH", name == "EBUSY":
	case name == "ENOENT" && pid != w.still && exited(pid): // the process, too
	default:
		w.fault(path, "%v", err)
	}
	return true
}

// exited asks the kernel, not us: a zombie has exited, and who exits has lost its
// memory a moment before.
func exited(pid string) bool {
	fd, err := unix.PidfdOpen(atoiOr0(pid), 0)
	if err != nil {
		return err == unix.ESRCH
	}
	defer unix.Close(fd)
	n := 0
	err = untilDone(func() (err error) {
		n, err = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 1000)
		return err
	})
	return n == 1 && err == nil
}

func (w *piecesWalker) file(path, node, pid string) {
	for _, size := range pieceSizes {
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if w.refused(path, pid, err) {
			return
		}
		w.Files++
		switch node {
		case "mem":
			w.memory(fd, path, pid, size)
		case "regs", "fpregs", "dbregs": // of a set only the beginning can be read
			_, err := w.sequence(fd, 0, 1, 4096)
			w.refused(path, pid, err)
		default:
			w.text(fd, path, pid, size)
		}
		unix.Close(fd)
	}
}

// text: the pieces are the snapshot that one big read of the same file goes on
// in, and the text anew where it cannot have changed.
func (w *piecesWalker) text(fd int, path, pid string, size int) {
	text, err := w.sequence(fd, 0, w.most, size)
	if w.refused(path, pid, err) {
		return
	}
	big := make([]byte, 8<<20)
	n, err := unix.Pread(fd, big, 1)
	if w.refused(path, pid, err) {
		return
	}
	if len(text) == 0 && n == 0 { // the arguments of a kernel thread
		return
	}
	if !bytes.Equal(text[1:], big[:n]) {
		w.fault(path, "by %d bytes\n%q, in one read\n?%q", size, text, big[:n])
	}
	if pid != w.still || strings.HasSuffix(path, "/status") { // who reads registers wakes it for a moment
		return
	}
	if n, err := unix.Pread(fd, big, 0); err != nil || !bytes.Equal(text, big[:n]) {
		w.fault(path, "by %d bytes\n%q, in one read\n%q, %v", size, text, big[:max(n, 0)], err)
	}
}

// sequence reads from an offset to the end: so many pieces of a size, and then
// large ones.
func (w *piecesWalker) sequence(fd int, offset int64, most, size int) (text []byte, err error) {
	if _, err := unix.Seek(fd, offset, unix.SEEK_SET); err != nil {
		return nil, err
	}
	b := make([]byte, 64<<10)
	for i := 0; ; i++ {
		if i == most {
			size = len(b)
		}
		n, err := unix.Read(fd, b[:size])
		if n <= 0 || err != nil {
			return text, err
		}
		text = append(text, b[:n]...)
		w.Pieces++
	}
}

// memory: nothing lies at 0; what the first mapping begins with can be read in
// pieces, but by whom it is refused.
func (w *piecesWalker) memory(fd int, path, pid string, size int) {
	b := make([]byte, 4096)
	if _, err := unix.Pread(fd, b[:size], 0); !errors.Is(err, unix.EFAULT) {
		w.refused(path, pid, cmpErr(err))
		return
	}
	if pid != w.still {
		return
	}
	line, err := once("/proc/"+pid+"/map", 100, 0)
	if w.refused(path, pid, err) {
		return
	}
	start, err := strconv.ParseInt(string(bytes.Fields(line)[0]), 0, 64)
	must(err)
	n, err := unix.Pread(fd, b, start)
	if w.refused(path, pid, err) {
		return
	}
	var text []byte
	for at := 0; at < n; at += size {
		got, err := unix.Pread(fd, b[:min(size, n-at)], start+int64(at))
		if w.refused(path, pid, err) {
			return
		}
		text = append(text, b[:got]...)
		w.Pieces++
	}
	if whole, err := once(path, n, start); err != nil || !bytes.Equal(whole, text) {
		w.fault(path, "by %d bytes %x, in one read %x, %v", size, text, whole, err)
	}
}

// cmpErr is for a read that should have failed and may not have.
func cmpErr(err error) error {
	if err == nil {
		return errors.New("something at address 0")
	}
	return err
}
