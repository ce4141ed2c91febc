package provider

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func init() {
	roles["mounts"] = roleMounts
}

func TestParseMountinfo(t *testing.T) {
	list, err := ParseMountinfo([]byte(
		"36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n" +
			"37 36 0:4294967295 / /a\\040b\\011c\\012d\\134e\\043f\\054 ro shared:7 master:8 propagate_from:9 unbindable new:x odd - fuse.s\\040t  rw,a b\n"))
	want := []Mount{
		{ID: 36, ParentID: 35, Dev: Device{98, 0}, Root: "/mnt1", MountPoint: "/mnt2", Options: "rw,noatime", Master: 1,
			FSType: "ext3", Source: "/dev/root", SuperOptions: "rw,errors=continue"},
		{ID: 37, ParentID: 36, Dev: Device{0, 4294967295}, Root: "/", MountPoint: "/a b\tc\nd\\e#f,", Options: "ro",
			Shared: 7, Master: 8, PropagateFrom: 9, Unbindable: true, Unknown: "new:x odd",
			FSType: "fuse.s t", Source: "", SuperOptions: "rw,a b"},
	}
	if err != nil || !reflect.DeepEqual(list, want) {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err := ParseMountinfo(nil); list != nil || err != nil {
		t.Errorf("nothing is mounted: %v, %v", list, err)
	}
}

func TestMountinfoRefusesOddText(t *testing.T) {
	good := "36 35 98:0 / /mnt rw shared:1 - ext3 /dev/root rw\n"
	if _, err := ParseMountinfo([]byte(good)); err != nil {
		t.Fatal(err)
	}
	malformedText(t, ParseMountinfo, "\n", good[:len(good)-1], good+"x", good+"\n", "x"+good, strings.Replace(good, "98:0", "98", 1),
		strings.Replace(good, "98:0", "98:4294967296", 1), strings.Replace(good, " - ", " ", 1), strings.Replace(good, "/dev/root rw", "rw", 1),
		strings.Replace(good, "36", "2147483648", 1), strings.Replace(good, "root rw", "root ", 1), strings.Replace(good, "36 35", "36  35", 1))
	var m MountLine
	for _, line := range []string{good, "", "36 35"} {
		m.Master = 1
		if err := ParseMountinfoLine([]byte(line), &m); !errors.Is(err, ErrMalformed) || !reflect.ValueOf(m).IsZero() {
			t.Errorf("%q: %+v, %v", line, m, err)
		}
	}
	n := 0
	for m, err := range MountLines([]byte(good + "x\n" + good)) {
		if n++; (m == nil) != (err != nil) || (n == 2) != (err != nil) {
			t.Errorf("line %d: %v, %v", n, m, err)
		}
	}
	if n != 2 {
		t.Errorf("%d lines", n)
	}
}

// Optional fields whose number is none are not ours.
func TestMountinfoOddPropagation(t *testing.T) {
	list, err := ParseMountinfo([]byte("1 1 0:1 / / rw shared: master:x propagate_from:1-2 unbindable:1 shared:2147483648 - t s rw\n"))
	if err != nil || list[0].Unknown != "shared: master:x propagate_from:1-2 unbindable:1 shared:2147483648" || list[0].Shared|list[0].Master != 0 || list[0].Unbindable {
		t.Errorf("%+v, %v", list, err)
	}
}

// What is lent is the same as what is owned, and does not outlive the next.
func TestMountLinesAreMounts(t *testing.T) {
	text := caseText(t, "plain", "mountinfo")
	list, err := ParseMountinfo(text)
	if err != nil || len(list) < 20 {
		t.Fatalf("%d mounts, %v", len(list), err)
	}
	var reused MountLine
	i := 0
	for m, err := range MountLines(text) {
		if err != nil {
			t.Fatal(err)
		}
		if got := owned(m); got != list[i] {
			t.Errorf("lent %+v\nowned %+v", got, list[i])
		}
		line := bytes.Split(text, []byte("\n"))[i]
		if err := ParseMountinfoLine(line, &reused); err != nil || owned(&reused) != list[i] {
			t.Errorf("%q: %v", line, err)
		}
		i++
	}
	if i != len(list) {
		t.Errorf("%d of %d", i, len(list))
	}
}

func owned(m *MountLine) Mount {
	return Mount{m.ID, m.ParentID, m.Dev, string(m.Root), string(m.MountPoint), MountOptions(m.Options), m.Shared, m.Master,
		m.PropagateFrom, m.Unbindable, string(m.Unknown), string(m.FSType), string(m.Source), MountOptions(m.SuperOptions)}
}

// printMount writes a mount as the kernel does.
func printMount(m *Mount) string {
	esc := func(s string) string {
		return strings.NewReplacer(" ", `\040`, "\t", `\011`, "\n", `\012`, `\`, `\134`, "#", `\043`).Replace(s)
	}
	optional := ""
	for _, group := range []struct {
		tag string
		id  int
	}{{"shared", m.Shared}, {"master", m.Master}, {"propagate_from", m.PropagateFrom}} {
		if group.id != 0 {
			optional += fmt.Sprintf("%s:%d ", group.tag, group.id)
		}
	}
	if m.Unbindable {
		optional += "unbindable "
	}
	if m.Unknown != "" {
		optional += m.Unknown + " "
	}
	return fmt.Sprintf("%d %d %d:%d %s %s %s %s- %s %s %s\n", m.ID, m.ParentID, m.Dev.Major, m.Dev.Minor,
		esc(m.Root), esc(m.MountPoint), m.Options, optional, esc(m.FSType), esc(m.Source), m.SuperOptions)
}

// An owned list, printed, is the same list again.
func FuzzParseMountinfo(f *testing.F) {
	f.Add(caseText(f, "plain", "mountinfo"))
	f.Add([]byte("1 1 0:1 / / rw new:1 - a  rw\n"))
	f.Add([]byte("1 1 0:1 /\\040\\ /\\400\\0 rw  unbindable - \\134 x rw\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		list, err := ParseMountinfo(b)
		if len(b) > 0 {
			lawful(t, list, err)
		}
		var text strings.Builder
		for i := range list {
			text.WriteString(printMount(&list[i]))
		}
		if again, err := ParseMountinfo([]byte(text.String())); err != nil || !slices.Equal(again, list) {
			t.Fatalf("%+v became %+v, %v", list, again, err)
		}
		n := 0
		for m, lineErr := range MountLines(b) {
			if lineErr == nil && err == nil && owned(m) != list[n] {
				t.Fatalf("lent %+v, owned %+v", owned(m), list[n])
			}
			if lineErr != nil && err == nil {
				t.Fatal(lineErr)
			}
			n++
		}
		if err == nil && n != len(list) || !bytes.Equal(b, before) {
			t.Fatalf("%d lines, %d mounts, or the text was written to", n, len(list))
		}
	})
}

func FuzzParseMountinfoLine(f *testing.F) {
	for line := range bytes.Lines(caseText(f, "plain", "mountinfo")) {
		f.Add(line[:len(line)-1])
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var m MountLine
		err := ParseMountinfoLine(line, &m)
		lawful(t, m, err)
		list, listErr := ParseMountinfo(append(bytes.Clone(line), '\n'))
		if (err == nil) != (listErr == nil && len(list) == 1) || err == nil && owned(&m) != list[0] {
			t.Fatalf("%q: line %v, list of %d %v", line, err, len(list), listErr)
		}
	})
}

// checkMountinfo parts the lines at their blanks.
func checkMountinfo(p *Process) error {
	return steadyUntilExit(p, "mountinfo", func(raw []byte) error {
		list, err := p.Mountinfo()
		if err != nil {
			return err
		}
		lent := 0
		for m, err := range p.MountLines() {
			if err != nil {
				return err
			}
			if lent < len(list) && owned(m) != list[lent] {
				return fmt.Errorf("%w: lent %+v, owned %+v", errDiffers, owned(m), list[lent])
			}
			lent++
		}
		lines := strings.Split(string(raw), "\n")
		if err := same("mountinfo", len(list), len(lines)-1, lent, len(lines)-1); err != nil {
			return err
		}
		for i := range list {
			head, tail, _ := strings.Cut(lines[i], " - ")
			h, s := strings.Split(head, " "), strings.SplitN(tail, " ", 3)
			m := &list[i]
			if err := same("mountinfo", m.ID, h[0], m.ParentID, h[1], fmt.Sprint(m.Dev.Major, ":", m.Dev.Minor), h[2], m.Root, decodedText(h[3]),
				m.MountPoint, decodedText(h[4]), m.Options, h[5], m.Shared != 0, strings.Contains(head, " shared:"),
				m.Master != 0, strings.Contains(head, " master:"), m.Unknown, "", m.FSType, decodedText(s[0]), m.Source, decodedText(s[1]), m.SuperOptions, s[2]); err != nil {
				return err
			}
		}
		return nil
	})
}

// decodedText undoes escapes in another way than unmangle.
func decodedText(s string) string {
	parts := strings.Split(s, `\`)
	for i := 1; i < len(parts); i++ {
		var c byte
		fmt.Sscanf(parts[i][:3], "%o", &c)
		parts[i] = string([]byte{c}) + parts[i][3:]
	}
	return strings.Join(parts, "")
}
