package main

import (
	"strings"
	"testing"
)

func TestOptions(t *testing.T) {
	plain := defaultOptions(false)
	with := func(change func(*options)) options {
		o := plain
		change(&o)
		return o
	}
	for _, c := range []struct {
		list string
		want options
	}{
		{"", plain},
		{",,", plain},
		{"rw,dev,suid", plain},
		{"rw,noexec,nosuid,nodev,nofail,_netdev,user,noauto,x-a=b,X-c,comment=d,relatime,user=root", plain},
		{"defaults,exec,async,sync,atime,noatime,strictatime,lazytime,silent,loud,mand,dirsync,users,owner,group", plain},
		{"allow_other", with(func(o *options) { o.AllowOther = true })},
		{"allow_other,noallow_other", plain},
		{"ro", with(func(o *options) { o.ReadOnly = true })},
		{"ro,rw", plain},
		{"hidepid=1", with(func(o *options) { o.HidePID = "noaccess" })},
		{"hidepid=2", with(func(o *options) { o.HidePID = "invisible" })},
		{"hidepid=4", with(func(o *options) { o.HidePID = "ptraceable" })},
		{"hidepid=ptraceable,hidepid=off", plain},
		{"gid=0", with(func(o *options) { o.GID = 0 })},
		{"gid=root", with(func(o *options) { o.GID = 0 })},
		{"gid=4294967294", with(func(o *options) { o.GID = 4294967294 })},
		{"source=a", with(func(o *options) { o.Source = "a" })},
		{"source=a,fsname=b", with(func(o *options) { o.Source = "b" })},
		{`source=a\,b\\c=d`, with(func(o *options) { o.Source = `a,b\c=d` })},
		{`source=a\`, with(func(o *options) { o.Source = `a\` })},
		{"subtype=x", with(func(o *options) { o.Subtype = "x" })},
		{"proc=/host/proc", with(func(o *options) { o.Proc = "/host/proc" })},
	} {
		got, err := parseOptions(plain, []string{c.list}, false)
		if err != nil || got != c.want {
			t.Errorf("%q: %+v, %v; want %+v", c.list, got, err, c.want)
		}
	}
}

// An error names the option and, where there are few, the allowed values.
func TestBadOptions(t *testing.T) {
	for list, want := range map[string]string{
		"foo":                   `"foo"`,
		"foo=bar":               `"foo"`,
		"ro,Foo":                `"Foo"`,
		"=x":                    `""`,
		"setuid=nobody":         `"setuid"`,
		"suid_dumpable":         `"suid_dumpable"`,
		"ro=1":                  "takes no value",
		"noallow_other=":        "takes no value",
		"hidepid":               "0 (off), 1 (noaccess), 2 (invisible) or 4 (ptraceable)",
		"hidepid=3":             `"hidepid=3"`,
		"hidepid=":              "ptraceable",
		"gid=":                  `"gid="`,
		"gid=-1":                "group",
		"gid=4294967295":        "group",
		"gid=no such":           "group",
		"source":                "needs a value",
		"subtype=":              "needs a value",
		"proc=":                 "needs a value",
		"source=a\x00b":         "needs a value",
		"remount=":              "takes no value",
		"user_id=0":             `"user_id"`,
		`hidepid=2\,gid=0`:      "invisible",
		"ro,hidepid=2,nonsense": `"nonsense"`,
	} {
		got, err := parseOptions(defaultOptions(true), []string{list}, false)
		if err == nil || got != (options{}) || exitCode(err) != exitUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v; want a usage error with %q", list, got, err, want)
		}
	}
}

// Several -o are one list, in order, the last word winning.
func TestRepeatedOptions(t *testing.T) {
	got, err := parseOptions(defaultOptions(true), []string{"ro,hidepid=2", "hidepid=1", "rw,noallow_other"}, false)
	if err != nil || got.HidePID != "noaccess" || got.ReadOnly || got.AllowOther {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestSloppyOptions(t *testing.T) {
	got, err := parseOptions(defaultOptions(true), []string{"foo,ro,bar=1"}, true)
	if err != nil || !got.ReadOnly {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := parseOptions(defaultOptions(true), []string{"foo,hidepid=9"}, true); err == nil {
		t.Error("sloppy passes over unknown names, not over bad values")
	}
}

// FuzzOptions: error and zero result go together, and what was understood can
// be written down and understood again, as the launcher does for the daemon.
func FuzzOptions(f *testing.F) {
	for _, s := range []string{"rw,dev,suid", `source=a\,b,hidepid=2,gid=5`, "proc=/p,subtype=q", `\`, "foo=", "x-\xff"} {
		f.Add(s, false)
	}
	f.Add("foo", true)
	f.Fuzz(func(t *testing.T, list string, sloppy bool) {
		got, err := parseOptions(defaultOptions(true), []string{list}, sloppy)
		if (err != nil) != (got == options{}) {
			t.Fatalf("%+v with error %v", got, err)
		}
		if err != nil {
			return
		}
		again, err := parseOptions(options{}, []string{got.String()}, false)
		if got.GID < 0 {
			again.GID = got.GID // absence is not written
		}
		if err != nil || again != got {
			t.Fatalf("%+v written as %q came back as %+v, %v", got, got.String(), again, err)
		}
	})
}
