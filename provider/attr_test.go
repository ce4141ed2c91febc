package provider

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestParseAttr(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "\n": "", "\x00": "", "unconfined\n": "unconfined", "/usr/bin/x (enforce)\n": "/usr/bin/x (enforce)",
		"system_u:system_r:init_t:s0\x00": "system_u:system_r:init_t:s0", "_": "_", "a\n\n": "a\n", "\xff": "\xff",
	} {
		if got := ParseAttr([]byte(text)); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func FuzzParseAttr(f *testing.F) {
	f.Add([]byte("unconfined\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got := ParseAttr(b)
		if rest, ok := strings.CutPrefix(string(b), got); !ok || rest != "" && rest != "\n" && rest != "\x00" {
			t.Fatalf("%q: %q", b, got)
		}
	})
}

// A captured tree, as of a kernel with AppArmor.
func TestAttrCaptured(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{"current": "unconfined\n", "exec": "", "apparmor/current": "lxc (enforce)\n", "apparmor/exec": ""} {
		path := root + "/7/attr/" + name
		if err := errors.Join(os.MkdirAll(path[:strings.LastIndexByte(path, '/')], 0o755), os.WriteFile(path, []byte(text), 0o600),
			os.WriteFile(root+"/7/stat", nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	f, err := OpenFS(root)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p := pin(t, f, 7)
	names, err := p.AttrNames()
	slices.Sort(names)
	if err != nil || !slices.Equal(names, []string{"apparmor/current", "apparmor/exec", "current", "exec"}) {
		t.Errorf("%q, %v", names, err)
	}
	for name, want := range map[string]string{"current": "unconfined", "apparmor/current": "lxc (enforce)", "exec": ""} {
		if got, err := p.Attr(name); err != nil || got != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if got, err := p.Attr("prev"); !errors.Is(err, ErrNotSupported) || got != "" {
		t.Errorf("%q, %v", got, err)
	}
	if err := os.RemoveAll(root + "/7/attr"); err != nil {
		t.Fatal(err)
	}
	if names, err := p.AttrNames(); !errors.Is(err, ErrNotSupported) || names != nil {
		t.Errorf("%q, %v", names, err)
	}
}

func TestAttr(t *testing.T) {
	c := start(t)
	p := pin(t, openProc(t), c.pid)
	names, err := p.AttrNames()
	if errors.Is(err, ErrNotSupported) {
		cannot(t, "a kernel without security modules")
	}
	if err != nil || !slices.Contains(names, "current") || !slices.Contains(names, "exec") {
		t.Errorf("%q, %v", names, err)
	}
	leaksNothing(t, "Attr", func() {
		got, err := p.Attr("current")
		raw, rawErr := p.Read("attr/current", nil, 1<<16)
		if (err == nil) != (rawErr == nil) || err != nil && !errors.Is(err, ErrNotSupported) || !strings.HasPrefix(string(raw), got) {
			t.Errorf("%q, %v; raw %q, %v", got, err, raw, rawErr)
		}
		if _, err := p.Attr("none"); !errors.Is(err, ErrNotSupported) {
			t.Errorf("%v", err)
		}
	})
	c.end()
	_, err = p.AttrNames()
	_, err2 := p.Attr("current")
	if !errors.Is(err, ErrGone) || !errors.Is(err2, ErrGone) {
		t.Errorf("%v, %v", err, err2)
	}
}

func checkAttr(p *Process) error {
	names, err := p.AttrNames()
	if err != nil {
		return err
	}
	for _, name := range names {
		got, err := p.Attr(name)
		if !rightClass(err) {
			return err
		}
		if err != nil {
			continue
		}
		err = steady(p, "attr/"+name, func(raw []byte) error {
			if got, err = p.Attr(name); err != nil {
				return err
			}
			return same(name, strings.TrimRight(got, "\x00\n"), strings.TrimRight(string(raw), "\x00\n"))
		})
		if !rightClass(err) {
			return err
		}
	}
	return nil
}
