package main

import (
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/moby/sys/mountinfo"
	"time"

	"github.com/spf13/cobra"
)

// complete is what completion offers for a command line, without explanations.
func complete(t *testing.T, args ...string) (list []string, directive string) {
	t.Helper()
	var stdout strings.Builder
	root := newRootCommand(&stdout)
	root.SetErr(io.Discard) // the directive once more, in words
	root.SetArgs(append([]string{cobra.ShellCompNoDescRequestCmd}, args...))
	if err := root.Execute(); err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	lines := strings.Split(strings.TrimSuffix(stdout.String(), "\n"), "\n")
	last := len(lines) - 1
	return lines[:last], lines[last]
}

// What cobra is told to do with the list.
const (
	asFiles     = ":0"
	nothingElse = ":4"
	noBlank     = ":6" // and nothing else
	directories = ":16"
)

func TestComplete(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, dir := range []string{"exports", "home", ".hidden"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, "exec.txt", 0o644)
	writeFile(t, "bin/prog-one", 0o755)
	writeFile(t, "bin/prog-closed", 0o644)
	t.Setenv("PATH", t.TempDir()+":bin")
	everything := "allow_other noallow_other ro rw hidepid= gid= source= fsname= subtype= sample proc="
	for _, c := range []struct{ line, want, directive string }{
		{"|", "completion exec help stat bin/ exports/ home/", nothingElse},
		{"|ex", "exec exports/", nothingElse},
		{"|.", "", directories},
		{"|/mnt/", "", directories},
		{"|none|", "", directories},
		{"|-f|", "", directories},
		{"|-o|ro|ex", "", directories},
		{"|none|/mnt|", "", nothingElse},
		{"|--", "--debug --foreground --help --options --version", nothingElse},
		{"|--ready", "", nothingElse},
		{"|--inside", "", nothingElse},
		{"|exec|--in", "", nothingElse},
		{"|-o|", everything, noBlank},
		{"|-o|ro,hid", "ro,hidepid=", noBlank},
		{"|-o|r", "ro rw", noBlank},
		{"|-o|ro,r", "", noBlank},
		{"|-o|hidepid=", "hidepid=off hidepid=noaccess hidepid=invisible hidepid=ptraceable", noBlank},
		{"|-o|ro,hidepid=p", "ro,hidepid=ptraceable", noBlank},
		{"|-o|hidepid=1,hidepid=", "", noBlank},
		{"|-o|noallow_other,allow", "", noBlank},
		{"|-o|source=x,f", "", noBlank},
		{"|-o|source=", "", noBlank},
		{"|-o|ro=", "", noBlank},
		{"|-o|remo", "", noBlank},
		{`|-o|source=a\,s`, "", noBlank},
		{`|-o|source=a\,s,sam`, `source=a\,s,sample`, noBlank},
		{"|-o|nosuch=1,sa", "nosuch=1,sample", noBlank},
		{"|-o|ro|-o|r", "", noBlank},
		{"|-o|ro|-o|sa", "sample", noBlank},
		{"|--options=ro,sa", "ro,sample", noBlank},
		{"|exec|-o|sa", "sample", noBlank},
		{"|exec|-m|/m", "", directories},
		{"|exec|prog", "prog-one", nothingElse},
		{"|exec|--|prog", "prog-one", nothingElse},
		{"|exec|--|", "", nothingElse},
		{"|exec|--|./p", "", asFiles},
		{"|exec|--|sh|x", "", asFiles},
		{"|exec|--|mount|-o|r", "", asFiles},
		{"|exec|sh|--", "", asFiles},
	} {
		got, directive := complete(t, strings.Split(c.line, "|")[1:]...)
		if strings.Join(got, " ") != c.want || directive != c.directive {
			t.Errorf("%s: %q %s, want %q %s", c.line, got, directive, c.want, c.directive)
		}
	}
}

// Groups come from the database that the parser looks in.
func TestCompleteGroups(t *testing.T) {
	got, _ := complete(t, "-o", "ro,gid=ro")
	if !slices.Contains(got, "ro,gid=root") {
		t.Errorf("%q, want root among them", got)
	}
	all, _ := complete(t, "-o", "gid=")
	for _, item := range all {
		if _, err := parseOptions(defaultOptions(true), []string{item}, false); err != nil {
			t.Error(err)
		}
	}
}

func TestMountpoints(t *testing.T) {
	const table = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:35 / /mnt/b\040c rw,nosuid,nodev shared:7 - fuse.procfsd none rw
41 22 0:36 / /mnt/a rw - fuse.procfsd none rw
42 41 0:37 / /mnt/a rw - fuse.procfsd none rw
43 22 0:37 /1 /mnt/one rw - fuse.procfsd none rw
44 22 0:38 / /proc rw - proc proc rw
`
	for fstype, want := range map[string][]string{"fuse.procfsd": {"/mnt/a", "/mnt/b c"}, "proc": {"/proc"}, "xfs": nil} {
		got := mountpoints(strings.NewReader(table), func(m *mountinfo.Info) bool { return m.FSType == fstype })
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", fstype, got, want)
		}
	}
	if got := mountpoints(strings.NewReader("nonsense\n"), func(*mountinfo.Info) bool { return true }); got != nil {
		t.Errorf("a broken table: %q", got)
	}
}

// What a shell could take for more than a name is never offered, whoever made it.
func TestPlainNames(t *testing.T) {
	for name, want := range map[string]bool{
		"/mnt/proc": true, "/mnt/a-b_c.d+e@f%g:h,i": true, "/home/jürgen/μ": true, "": false,
		"/x/`id`": false, "/x/$(id)": false, "/x/(id)": false, "/x/a b": false, "/x/a\tb": false, "/x/a\nb": false, "/x/a'b": false,
		"/x/a\"b": false, "/x/a;b": false, "/x/a&b": false, "/x/a|b": false, "/x/*": false, "/x/~": false, "/x/a\\b": false, "/x/#": false, "/x/{a}": false,
		"/x/<": false, "/x/!": false, "/x/\x1b[m": false, "/x/\xff": false, "/x/\u2028": false, "/x/=": false,
	} {
		if got := plain(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
	if got := patiently(func() []string { return []string{"a", "`b`", "c"} }); !slices.Equal(got, []string{"a", "c"}) {
		t.Errorf("%q", got)
	}
}

func TestMountedBy(t *testing.T) {
	for options, want := range map[string]bool{"rw,user_id=0,group_id=0": true, "rw,user_id=01": false, "rw,user_id=1000": false, "rw,xuser_id=0": false, "rw": false} {
		if got := mountedBy(&mountinfo.Info{VFSOptions: options}, 0); got != want {
			t.Errorf("%s: %v", options, got)
		}
	}
}

// A second mountpoint is not to be had.
func TestCompleteMounted(t *testing.T) {
	for _, args := range [][]string{nil, {"/mnt"}} {
		got, directive := completeMounted(nil, args, "/no/such/mount")
		if len(got) > 0 || directive != cobra.ShellCompDirectiveNoFileComp {
			t.Errorf("%q: %q, %d", args, got, directive)
		}
	}
}

// What does not answer is given up.
func TestPatiently(t *testing.T) {
	answer := func() []string { return []string{"x"} }
	never := make(chan []string)
	defer close(never)
	if got := patiently(answer); len(got) != 1 {
		t.Errorf("%q", got)
	}
	if got := patiently(func() []string { return <-never }); got != nil {
		t.Errorf("after %v: %q", time.Second, got)
	}
}
