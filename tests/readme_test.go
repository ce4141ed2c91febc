package tests

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The README's fenced blocks are run as they stand, by their language:
//
//	sh       a script for sh -e, in the repository's root
//	console  a transcript: what follows "# " or "$ " is run and succeeds, and
//	         its first line of output has as many fields as the one shown
//	go       a file that compiles (the package clause may be left out)
//
// All sh and console blocks run in order in one private mount namespace with
// /mnt/proc, so that one may use what an earlier one mounted. Other languages
// are for reading only.
type block struct {
	language, text string
	line           int // of the opening fence
}

// fenced are the blocks of a Markdown text.
func fenced(markdown string) (blocks []block) {
	var open *block
	lines := bufio.NewScanner(strings.NewReader(markdown))
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		language, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence && open == nil:
			open = &block{language: language, line: n}
		case fence:
			blocks, open = append(blocks, *open), nil
		case open != nil:
			open.text += line + "\n"
		}
	}
	return blocks
}

// command is one piece of shell of the README.
type command struct {
	text  string
	line  int
	shown string // the first line of output that the README shows
}

// commands are what a block runs: a sh block as one, since a command may have
// more than one line, without the line that runs all tests, this one among them.
func (b block) commands() (list []command) {
	switch b.language {
	case "sh":
		var text string
		for line := range strings.Lines(b.text) {
			if !runsTests(line) {
				text += line
			}
		}
		return []command{{text: text, line: b.line}}
	case "console":
		for i, line := range strings.Split(strings.TrimSuffix(b.text, "\n"), "\n") {
			prompt := strings.HasPrefix(line, "# ") || strings.HasPrefix(line, "$ ")
			if last := len(list) - 1; prompt {
				list = append(list, command{text: line[2:] + "\n", line: b.line + 1 + i})
			} else if last >= 0 && list[last].shown == "" {
				list[last].shown = line
			}
		}
		return slices.DeleteFunc(list, func(c command) bool { return runsTests(c.text) })
	}
	return nil
}

// runsTests recognises the one test command: tests/run, perhaps after sudo.
func runsTests(line string) bool {
	words := strings.Fields(line)
	if len(words) > 0 && words[0] == "sudo" {
		words = words[1:]
	}
	return len(words) > 0 && strings.TrimPrefix(words[0], "./") == "tests/run"
}

// readmeScript stands in for what a test has no business doing: sudo is root's
// already, and apt-get only looks whether the packages are there.
// What the README leaves mounted is unmounted, for its daemons to end.
const readmeScript = `trap 'awk "\$3 ~ /^fuse\./ {print \$2}" /proc/mounts | xargs -r umount -l' EXIT
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir /mnt/proc "$D/bin" "$D/over"
mount -t tmpfs -o mode=755 tmpfs "$D/over"
for dir in usr/local usr/sbin etc; do # what installing writes to
	mkdir -p "$D/over/$dir.new" "$D/over/$dir.work"
	mount -t overlay -o "lowerdir=/$dir,upperdir=$D/over/$dir.new,workdir=$D/over/$dir.work" overlay "/$dir"
done
install "$EXE" /usr/local/bin/procfsd
cat > "$D/bin/sudo" <<'END'
#!/bin/sh
exec "$@"
END
cat > "$D/bin/apt-get" <<'END'
#!/bin/sh
for word; do case $word in
	-*|install|update) ;;
	*) dpkg-query -s "$word" >/dev/null || exit 1 ;;
esac; done
END
chmod 755 "$D/bin/sudo" "$D/bin/apt-get"
export PATH="$D/bin:/usr/local/bin:$GOPATHS:/usr/sbin:/usr/bin:/sbin:/bin"
cd "$ROOT"
`

// runCommands runs all in one namespace and says what is wrong. A mark on a
// line of its own comes before the output of each.
func runCommands(t *testing.T, list []command) (faults []string) {
	const mark = "=== README line "
	var script strings.Builder
	for i, c := range list {
		file := filepath.Join(directory(t), "part")
		if err := os.WriteFile(file, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&script, "echo '%s%d'; sh -e %s </dev/null 2>&1 || exit 98\n", mark, i, file)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	exe := install(t)
	r := finish(t, roomCommand(t, exe, readmeScript+script.String(), "ROOT="+root, "GOPATHS="+goDirectory(t)))
	parts := strings.Split("\n"+r.stdout, "\n"+mark)[1:]
	for i, part := range parts {
		if r.code != 0 && i == len(parts)-1 {
			break // the one that failed
		}
		number, output, _ := strings.Cut(part, "\n")
		c := list[atoi(t, number)]
		if got := firstLine(output); c.shown != "" && !strings.ContainsAny(c.shown, "…") && len(strings.Fields(got)) != len(strings.Fields(c.shown)) {
			faults = append(faults, fmt.Sprintf("line %d: shown %q, is %q", c.line, c.shown, got))
		}
	}
	if r.code != 0 || len(parts) != len(list) {
		at := max(len(parts)-1, 0)
		faults = append(faults, fmt.Sprintf("line %d: %q: exit %d\n%s%s", list[at].line, list[at].text, r.code, r.stdout, r.stderr))
	}
	return faults
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// goDirectory is where the go command is, which a README may use.
func goDirectory(t *testing.T) string {
	path, err := exec.LookPath("go")
	if err != nil {
		lack(t, "no go command")
	}
	return filepath.Dir(path)
}

// compiles wants a go block to be a file of a package in the module. It is
// there for the compiler only.
func compiles(t *testing.T, b block) error {
	t.Helper()
	text := b.text
	if !strings.Contains("\n"+text, "\npackage ") {
		text = "package readme\n" + text
	}
	dir := directory(t)
	file := filepath.Join(dir, "readme.go")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return err
	}
	root, err := filepath.Abs("..")
	if err != nil {
		return err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, "internal/readme/readme.go"): file}})
	if err != nil {
		return err
	}
	table := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(table, overlay, 0o644); err != nil {
		return err
	}
	cmd := exec.Command("go", "build", "-o", os.DevNull, "-overlay", table, "./internal/readme")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("line %d: %w\n%s", b.line, err, out)
	}
	return nil
}

// TestReadme does what the README says.
func TestReadme(t *testing.T) {
	needMountFuse(t)
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var list []command
	tests := false
	for _, b := range fenced(string(text)) {
		list = append(list, b.commands()...)
		tests = tests || slices.ContainsFunc(strings.Split(b.text, "\n"), func(line string) bool { return runsTests(strings.TrimPrefix(line, "# ")) })
		if b.language == "go" {
			if err := compiles(t, b); err != nil {
				t.Error(err)
			}
		}
	}
	if info, err := os.Stat("run"); err != nil || info.Mode()&0o111 == 0 || !tests {
		t.Errorf("tests/run: %v, %v; in the README: %v", info, err, tests)
	}
	if len(list) == 0 {
		t.Fatal("no commands in the README")
	}
	for _, fault := range runCommands(t, list) {
		t.Error(fault)
	}
}

// TestReadmeBlocks: the test above can fail.
func TestReadmeBlocks(t *testing.T) {
	needMountFuse(t)
	const good = "# x\n```sh\n# comment\ntest -x tests/run\n./tests/run   # all\nsudo mount -t fuse procfsd /mnt/proc\nfor i in 1 2\ndo echo $i; done\n```\n" +
		"```text\nfalse\n```\n```console\n# cat /mnt/proc/curproc/status\ncat 1 1 1 1 - noflags 1,1 0,0 0,0 nochan 0 0 0,0 -\n$ umount /mnt/proc\n```\n"
	for old, c := range map[string]struct {
		new    string
		faults int
	}{
		"":                {"", 0},
		"for i in":        {"false; for i in", 1},
		"$ umount /mnt":   {"$ umount /mnt/x", 1},
		"nochan 0 0 0":    {"nochan 0 0 0 0", 1},
		"# cat":           {"# false; cat", 1},
		"procfsd /mnt/pr": {"procfsd -o bogus /mnt/pr", 1},
	} {
		var list []command
		for _, b := range fenced(strings.Replace(good, old, c.new, 1)) {
			list = append(list, b.commands()...)
		}
		if len(list) != 3 {
			t.Errorf("%d commands, want 3: %+v", len(list), list)
		}
		if faults := runCommands(t, list); len(faults) != c.faults {
			t.Errorf("%q for %q: %d faults, want %d: %q", c.new, old, len(faults), c.faults, faults)
		}
	}
	for text, ok := range map[string]bool{"func f() int { return 1 }": true, "package main\nfunc main() {}": true, "func f() int {}": false} {
		if err := compiles(t, block{"go", text, 1}); (err == nil) != ok {
			t.Errorf("%s: %v", strconv.Quote(text), err)
		}
	}
}
