package provider

import (
	"slices"
	"strings"
	"testing"
)

func TestMountOptions(t *testing.T) {
	for _, c := range []struct {
		text MountOptions
		want []MountOption
	}{
		{"", nil},
		{"rw", []MountOption{{Name: "rw"}}},
		{"rw,size=4k,errors=", []MountOption{{Name: "rw"}, {"size", "4k", true}, {"errors", "", true}}},
		{",a,,", []MountOption{{}, {Name: "a"}, {}, {}}},
		{`a\054b=c\075d=e,f\040g`, []MountOption{{"a,b", "c=d=e", true}, {Name: "f g"}}},
		{`lowerdir=/x\134:y\054z:/w\134\134`, []MountOption{{"lowerdir", `/x\:y,z:/w\\`, true}}},
		{`ro,context="u:r:t:s0:c1,c2",rw`, []MountOption{{Name: "ro"}, {"context", "u:r:t:s0:c1,c2", true}, {Name: "rw"}}},
		{`rootcontext="a,b"`, []MountOption{{"rootcontext", "a,b", true}}},
		{`context="\042,"`, []MountOption{{"context", `",`, true}}},
		{`context="a,b`, []MountOption{{"context", `"a`, true}, {Name: "b"}}},
		{`context="a,b"c`, []MountOption{{"context", `"a`, true}, {Name: `b"c`}}},
		{`dir="a,b"`, []MountOption{{"dir", `"a`, true}, {Name: `b"`}}},
		{`context`, []MountOption{{Name: "context"}}},
		{`context="`, []MountOption{{"context", `"`, true}}},
		{`a\4,b\400,c\38x,\`, []MountOption{{Name: `a\4`}, {Name: `b\400`}, {Name: `c\38x`}, {Name: `\`}}},
	} {
		if got := slices.Collect(c.text.All()); !slices.Equal(got, c.want) {
			t.Errorf("%q: %+v, want %+v", c.text, got, c.want)
		}
	}
}

// Fault 15: an option that comes again is there again.
func TestFault15RepeatedOptions(t *testing.T) {
	o := MountOptions(`rw,lowerdir+=/a,lowerdir+=/b\054c,lowerdir+=/d,x`)
	if got := o.Values("lowerdir+"); !slices.Equal(got, []string{"/a", "/b,c", "/d"}) {
		t.Errorf("%q", got)
	}
	if v, ok := o.Get("lowerdir+"); v != "/d" || !ok {
		t.Errorf("%q, %v", v, ok)
	}
	if v, ok := o.Get("x"); v != "" || !ok {
		t.Errorf("%q, %v", v, ok)
	}
	if v, ok := o.Get("lowerdir"); v != "" || ok || o.Values("lowerdir") != nil {
		t.Errorf("%q, %v", v, ok)
	}
	for option := range o.All() {
		if option.Name != "rw" {
			t.Errorf("after the end: %v", option)
		}
		break
	}
}

// Options, escaped and joined, are the same options again.
func FuzzMountOptions(f *testing.F) {
	f.Add(`rw,lowerdir+=/a\054,context="a,b",x=`)
	f.Fuzz(func(t *testing.T, text string) {
		escape := strings.NewReplacer(",", `\054`, "=", `\075`, `\`, `\134`, `"`, `\042`).Replace
		list := slices.Collect(MountOptions(text).All())
		var parts []string
		for _, o := range list {
			part := escape(o.Name)
			if o.HasValue {
				part += "=" + escape(o.Value)
			} else if o.Value != "" {
				t.Fatalf("%+v", o)
			}
			parts = append(parts, part)
		}
		again := slices.Collect(MountOptions(strings.Join(parts, ",")).All())
		if text != "" && !(len(list) == 1 && list[0] == MountOption{}) && !slices.Equal(list, again) {
			t.Fatalf("%+v became %+v", list, again)
		}
	})
}

func FuzzUnmangle(f *testing.F) {
	f.Add(`a\040b\\134\`)
	f.Fuzz(func(t *testing.T, s string) {
		got := unmangle(s)
		if len(got) > len(s) || !strings.Contains(s, `\`) && got != s {
			t.Fatalf("%q: %q", s, got)
		}
		if again := unmangle(strings.ReplaceAll(s, `\`, `\134`)); again != s {
			t.Fatalf("%q escaped and back: %q", s, again)
		}
	})
}
