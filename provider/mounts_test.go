package provider

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestParseMounts(t *testing.T) {
	list, err := ParseMounts([]byte("/dev/vda / ext4 rw,relatime 0 0\n /mnt tmpfs rw 1 2\n\\043x\\040y /a\\040b fuse.x rw,c d,e=\"f g\" 0 0\n"))
	want := []MountsEntry{
		{Device: "/dev/vda", MountPoint: "/", FSType: "ext4", Options: "rw,relatime"},
		{Device: "", MountPoint: "/mnt", FSType: "tmpfs", Options: "rw", Freq: 1, PassNo: 2},
		{Device: "#x y", MountPoint: "/a b", FSType: "fuse.x", Options: `rw,c d,e="f g"`},
	}
	if err != nil || !reflect.DeepEqual(list, want) {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err := ParseMounts(nil); list != nil || err != nil {
		t.Errorf("nothing is mounted: %v, %v", list, err)
	}
	malformedText(t, ParseMounts, "\n", "a b c rw 0 0", "a b c rw 0\n", "a b c 0 0\n", "a b c rw 0 x\n", "a b c rw -1 0\n", "a b c rw 0 0 \n",
		"a b c rw 0 2147483648\n", "a b c rw 0 0\nx", "a b c rw 0 0\n\n")
}

func TestMountsCase(t *testing.T) {
	list, err := ParseMounts(caseText(t, "plain", "mounts"))
	if err != nil {
		t.Fatal(err)
	}
	mounts, err := ParseMountinfo(caseText(t, "plain", "mountinfo"))
	if err != nil || len(mounts) != len(list) {
		t.Fatalf("%d, %d, %v", len(list), len(mounts), err)
	}
	for i, m := range mounts {
		if e := list[i]; e.Device != m.Source || e.MountPoint != m.MountPoint || e.FSType != m.FSType {
			t.Errorf("%+v is %+v", e, m)
		}
	}
}

func FuzzParseMounts(f *testing.F) {
	f.Add(caseText(f, "plain", "mounts"))
	f.Add([]byte("a b c rw 0 0\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := ParseMounts(b)
		if len(b) > 0 {
			lawful(t, list, err)
		}
		if err != nil {
			return
		}
		for i, line := range strings.Split(strings.TrimSuffix(string(b), "\n"), "\n") {
			if len(b) > 0 && (unmangle(strings.SplitN(line, " ", 3)[1]) != list[i].MountPoint || !strings.Contains(line, string(list[i].Options))) {
				t.Fatalf("%q: %+v", line, list[i])
			}
		}
	})
}

// checkMounts parts the lines at their blanks.
func checkMounts(p *Process) error {
	return steadyUntilExit(p, "mounts", func(raw []byte) error {
		list, err := p.Mounts()
		if err != nil {
			return err
		}
		lines := strings.Split(string(raw), "\n")
		if err := same("mounts", len(list), len(lines)-1); err != nil {
			return err
		}
		for i, e := range list {
			head := strings.SplitN(lines[i], " ", 4)
			if err := same("mounts", e.Device, decodedText(head[0]), e.MountPoint, decodedText(head[1]), e.FSType, decodedText(head[2]),
				string(e.Options)+" 0 0", head[3]); err != nil {
				return err
			}
		}
		return nil
	})
}

// steadyUntilExit is steady for files that cannot be opened any more when the
// process has exited, which the method has to say in its own way.
func steadyUntilExit(p *Process, file string, fn func(raw []byte) error) error {
	err := steady(p, file, fn)
	if errors.Is(err, unix.EINVAL) {
		return fn(nil)
	}
	return err
}
