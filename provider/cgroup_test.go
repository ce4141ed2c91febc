package provider

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
)

func TestParseCgroup(t *testing.T) {
	list, err := ParseCgroup([]byte("12:cpu,cpuacct,name=x:/a:b (deleted)\n3:name=systemd:/\n2:memory:/../..\n0::/user.slice/\xff c\n"))
	want := Cgroups{
		{Hierarchy: 12, Controllers: []string{"cpu", "cpuacct"}, Name: "x", Path: "/a:b (deleted)"},
		{Hierarchy: 3, Name: "systemd", Path: "/"},
		{Hierarchy: 2, Controllers: []string{"memory"}, Path: "/../.."},
		{Hierarchy: 0, Path: "/user.slice/\xff c"},
	}
	if err != nil || !reflect.DeepEqual(list, want) {
		t.Errorf("%+v, %v", list, err)
	}
	if path, ok := list.V2(); path != "/user.slice/\xff c" || !ok {
		t.Errorf("%q, %v", path, ok)
	}
	if c := list.Controller("cpuacct"); c != &list[0] || list.Controller("x") != nil || list.Controller("") != nil {
		t.Errorf("%+v", c)
	}
	if c := list.Named("systemd"); c != &list[1] || list.Named("") != nil || list.Named("cpu") != nil {
		t.Errorf("%+v", c)
	}
	if path, gone := list[0].Deleted(); path != "/a:b" || !gone {
		t.Errorf("%q, %v", path, gone)
	}
	if path, gone := list[1].Deleted(); path != "/" || gone {
		t.Errorf("%q, %v", path, gone)
	}
	if list, err := ParseCgroup(nil); list != nil || err != nil {
		t.Errorf("no hierarchies: %v, %v", list, err)
	}
	if _, ok := list[:1].V2(); ok {
		t.Error("version 2 out of nothing")
	}
	malformedText(t, ParseCgroup, "\n", "0::/", "x::/\n", "-1::/\n", "0:/\n", "0\n", ":a:/\n", "2147483648::/\n", "0::/\nx")
}

func FuzzParseCgroup(f *testing.F) {
	f.Add(caseText(f, "plain", "cgroup"))
	f.Add([]byte("1:a,,name=b:/c:d\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := ParseCgroup(b)
		if len(b) > 0 {
			lawful(t, list, err)
		}
		if err == nil && len(list) != bytes.Count(b, []byte("\n")) {
			t.Fatalf("%d of %q", len(list), b)
		}
		for i, line := range strings.Split(string(b), "\n")[:len(list)] {
			if !strings.HasSuffix(line, ":"+list[i].Path) {
				t.Fatalf("%q: %+v", line, list[i])
			}
			for _, c := range list[i].Controllers {
				if !strings.Contains(line, c) || strings.ContainsAny(c, ",:") {
					t.Fatalf("%q: %+v", line, list[i])
				}
			}
		}
	})
}

// A process that lives, a zombie, and nobody.
func TestCgroupOfChild(t *testing.T) {
	needRoot(t)
	c := start(t)
	p := pin(t, openProc(t), c.pid)
	list, err := p.Cgroup()
	if err != nil || len(list) == 0 {
		t.Fatalf("%+v, %v", list, err)
	}
	self, err := os.ReadFile("/proc/self/cgroup")
	if err != nil || strings.Count(string(self), "\n") != len(list) {
		t.Errorf("%q: %+v, %v", self, list, err)
	}
	c.zombie()
	if zombie, err := p.Cgroup(); err != nil || len(zombie) != len(list) {
		t.Errorf("zombie: %+v, %v", zombie, err)
	}
	if path, err := p.Cpuset(); errors.Is(err, ErrNotSupported) {
		t.Logf("no cpusets: %v", err)
	} else if err != nil || !strings.HasPrefix(path, "/") {
		t.Errorf("zombie's cpuset %q, %v", path, err)
	}
	c.end()
	if _, err := p.Cgroup(); !errors.Is(err, ErrGone) {
		t.Errorf("after the end: %v", err)
	}
	if _, err := p.Cpuset(); !errors.Is(err, ErrGone) {
		t.Errorf("after the end: %v", err)
	}
}

func checkCgroup(p *Process) error {
	return steady(p, "cgroup", func(raw []byte) error {
		list, err := p.Cgroup()
		if err != nil {
			return err
		}
		lines := strings.Split(string(raw), "\n")
		if err := same("cgroup", len(list), len(lines)-1); err != nil {
			return err
		}
		for i, c := range list {
			parts := strings.SplitN(lines[i], ":", 3)
			names := strings.Join(c.Controllers, ",")
			if c.Name != "" {
				names = strings.TrimPrefix(names+",name="+c.Name, ",")
			}
			if err := same("cgroup", c.Hierarchy, parts[0], names, parts[1], c.Path, parts[2]); err != nil {
				return err
			}
		}
		return nil
	})
}
