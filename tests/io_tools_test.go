package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// What procfs(5) has no size for cannot be sent by sendfile(2), a limit of
// FUSE; a text must not come in part.
func TestIOSendfile(t *testing.T) {
	d, p := mount(t), startProbe(t)
	out, err := os.Create(filepath.Join(directory(t), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	fd := openNode(t, d.path(p.pid, "status"), unix.O_RDONLY)
	if n, err := unix.Sendfile(int(out.Fd()), fd, nil, 4096); n != 0 || err != nil {
		t.Errorf("sendfile: %d, %v, want 0 and no error", n, err)
	}
}

func TestIOTools(t *testing.T) {
	d, p := mount(t), startProbe(t, "an", "argument")
	p.stop()
	status := string(whole(t, d.path(p.pid, "status")))
	rlimit := string(whole(t, d.path(p.pid, "rlimit")))
	args := strings.TrimRight(strings.ReplaceAll(string(whole(t, d.path(p.pid, "cmdline"))), "\x00", "\n"), "\n") + "\n"
	for _, c := range []struct{ script, want string }{
		{"cat status", status},
		{"cat status rlimit status", status + rlimit + status},
		{"dd if=rlimit bs=1 status=none", rlimit},
		{"dd if=rlimit bs=7 skip=2 status=none", rlimit[14:]},
		{"cp status $OUT/copy && cat $OUT/copy", status},
		{"cp -r rlimit $OUT/copied && cat $OUT/copied", rlimit},
		{"tail -c 20 status", status[len(status)-20:]},
		{"tail -n 1 rlimit", rlimit[strings.LastIndex(rlimit[:len(rlimit)-1], "\n")+1:]},
		{"head -c 20 status", status[:20]},
		{"xargs -0 -n 1 echo < cmdline", args},
		{"stdbuf -i0 -o0 cat status", status},
		{"stdbuf -i0 sort -c etype; cat etype", "Linux ELF64\n"},
		{"while read line; do echo \"$line\"; done < rlimit", rlimit},
		{"cat < status; wc -l < rlimit", status + fmt.Sprintln(strings.Count(rlimit, "\n"))},
	} {
		cmd := exec.Command("sh", "-c", c.script)
		cmd.Dir, cmd.Env = d.path(p.pid), append(os.Environ(), "OUT="+directory(t))
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != c.want {
			t.Errorf("%s: %v\n%q, want\n%q", c.script, err, out, c.want)
		}
	}
}
