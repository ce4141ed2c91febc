package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// needShell wants a program, and the file that its completions build on.
func needShell(t *testing.T, name, file string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		lack(t, "no "+name+" (Debian: apt-get install "+name+")")
	}
	if _, err := os.Stat(file); err != nil {
		lack(t, "no "+file+" (Debian: apt-get install bash-completion)")
	}
}

// completionRoom is a directory to complete in, and an environment in which
// procfsd is the one under test.
func completionRoom(t *testing.T) (dir string, env []string) {
	t.Helper()
	dir = directory(t)
	for _, sub := range []string{"bin", "directory", "home"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"directfile", "bin/unmistakable"} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	copyProgram(t, procfsd(t), filepath.Join(dir, "bin/procfsd"))
	return dir, []string{"PATH=" + dir + "/bin:/usr/bin:/bin", "HOME=" + dir + "/home", "XDG_DATA_HOME=" + dir + "/home",
		"XDG_CONFIG_HOME=" + dir + "/home", "TERM=xterm", "LC_ALL=C", "PS1=ready> ", "HISTFILE="}
}

// typed are beginnings of command lines, and what the one tab key makes of them.
var typed = []struct{ line, want string }{
	{"procfsd exe", "procfsd exec"},
	{"procfsd --fo", "procfsd --foreground"},
	{"procfsd --ready", "procfsd --ready"}, // hidden
	{"procfsd -o ro,hid", "procfsd -o ro,hidepid="},
	{"procfsd -o ro,hidepid=inv", "procfsd -o ro,hidepid=invisible"},
	{"procfsd --options=ro,hidepid=inv", "procfsd --options=ro,hidepid=invisible"},
	{"procfsd -o source=a-b,hidepid=inv", "procfsd -o source=a-b,hidepid=invisible"},
	{"procfsd -o ro -o sam", "procfsd -o ro -o sample"},
	{"procfsd exec -o ro,sam", "procfsd exec -o ro,sample"},
	{"procfsd ./direct", "procfsd ./directory/"},
	{"procfsd none ./direct", "procfsd none ./directory/"},
	{"procfsd exec -- unmist", "procfsd exec -- unmistakable"},
	{"procfsd exec -- cat directf", "procfsd exec -- cat directfile"},
}

// TestCompletionBash types into a real bash.
func TestCompletionBash(t *testing.T) {
	const library = "/usr/share/bash-completion/bash_completion"
	needShell(t, "bash", library)
	dir, env := completionRoom(t)
	s := startShell(t, dir, env, "bash", "--norc", "--noprofile", "-i")
	s.run(". " + library + " && . <(procfsd completion bash)")
	s.completes()
}

// TestCompletionZsh types into a real zsh.
func TestCompletionZsh(t *testing.T) {
	needShell(t, "zsh", "/dev/null")
	dir, env := completionRoom(t)
	s := startShell(t, dir, env, "zsh", "-f", "-i")
	s.run("bindkey -e; unsetopt auto_remove_slash; autoload -Uz compinit && compinit -u -D && . <(procfsd completion zsh)")
	s.completes()
}

// TestCompletionFish asks a real fish, which completes without a terminal.
func TestCompletionFish(t *testing.T) {
	needShell(t, "fish", "/dev/null")
	dir, env := completionRoom(t)
	for line, want := range map[string]string{
		"procfsd exe":                "exec",
		"procfsd --fo":               "--foreground",
		"procfsd --ready":            "",
		"procfsd -o ro,hid":          "ro,hidepid=",
		"procfsd -o ro,hidepid=":     "ro,hidepid=invisible ro,hidepid=noaccess ro,hidepid=off ro,hidepid=ptraceable",
		"procfsd -o ro -o sam":       "sample sample.", // two, so that fish adds no blank
		"procfsd exec -o ro,sam":     "ro,sample ro,sample.",
		"procfsd --options=ro,hid":   "--options=ro,hidepid=",
		"procfsd -o source=a-b,hide": "source=a-b,hidepid=",
		"procfsd exec -- unmist":     "unmistakable",
		"procfsd exec -- cat direct": "directfile directory/",
		"procfsd none ./dire":        "./directory/ ./directfile", // it cannot be asked for directories alone
	} {
		cmd := exec.Command("fish", "--no-config", "-c", `procfsd completion fish | source; complete -C $argv[1]`, line)
		cmd.Dir, cmd.Env = dir, env
		r := finish(t, cmd)
		var got []string
		for word := range strings.Lines(r.stdout) {
			word, _, _ = strings.Cut(strings.TrimSpace(word), "\t")
			got = append(got, word)
		}
		slices.Sort(got)
		wanted := strings.Fields(want)
		slices.Sort(wanted)
		if r.code != 0 || !slices.Equal(got, wanted) {
			t.Errorf("%s: %q, want %q; %v", line, got, wanted, r)
		}
	}
}

// TestCompletionBesideDeadMounts: a mount that does not answer stops nobody who
// types, be it asked for commands or lie in the way.
func TestCompletionBesideDeadMounts(t *testing.T) {
	dir := directory(t)
	mountpoint := filepath.Join(dir, "example")
	if err := os.Mkdir(mountpoint, 0o755); err != nil {
		t.Fatal(err)
	}
	need(t)
	d := mountAt(t, mountpoint)
	if err := d.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer d.cmd.Process.Signal(syscall.SIGCONT)
	for args, want := range map[string]string{
		"ex":               "exec example/ :4",
		"-o|proc=/pr":      "proc=/proc :6",
		"exec|--|anything": ":4",
	} {
		cmd := exec.Command(procfsd(t), append([]string{"__completeNoDesc"}, strings.Split(args, "|")...)...)
		cmd.Dir, cmd.Env = dir, []string{"PATH=" + mountpoint}
		if r := finish(t, cmd); r.code != 0 || strings.Join(strings.Fields(r.stdout), " ") != want {
			t.Errorf("%s: %v, want %q", args, r, want)
		}
	}
}
