package main

import (
	"path/filepath"
	"testing"
)

func TestResolve(t *testing.T) {
	t.Chdir(t.TempDir())
	cwd, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args, lists              []string
		source, mountpoint, proc string
	}{
		{[]string{"/mnt/proc"}, nil, "procfsd", "/mnt/proc", ""},
		{[]string{"none", "/mnt/proc"}, nil, "none", "/mnt/proc", ""},
		{[]string{"", "m"}, nil, "procfsd", cwd + "/m", ""},
		{[]string{"none", "./exec"}, []string{"fsname=x,proc=p"}, "x", cwd + "/exec", cwd + "/p"},
		{[]string{"a,b\\c", "/"}, nil, "a,b\\c", "/", ""},
	} {
		var cfg mountConfig
		if err := cfg.resolve(c.args, c.lists, false); err != nil {
			t.Errorf("%q: %v", c.args, err)
		}
		if cfg.Options.Source != c.source || cfg.Mountpoint != c.mountpoint || cfg.Options.Proc != c.proc {
			t.Errorf("%q: %+v", c.args, cfg)
		}
	}
}

// What the launcher writes down the daemon reads back.
func TestDaemonCommandLine(t *testing.T) {
	cfg := mountConfig{Mountpoint: "/mnt", Options: defaultOptions(true)}
	cfg.Options.Source = "exec" // must not be taken for the command
	cmd, err := daemonCommand(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var again mountConfig
	root := newRootCommand(t.Output())
	found, rest, err := root.Find(cmd.Args[1:])
	if err != nil || found != root {
		t.Fatalf("%q is the command line of %q, %v", cmd.Args, found.Name(), err)
	}
	if err := root.ParseFlags(rest); err != nil {
		t.Fatal(err)
	}
	lists, err := root.Flags().GetStringArray("options")
	if err != nil {
		t.Fatal(err)
	}
	if err := again.resolve(root.Flags().Args(), lists, false); err != nil || again != cfg {
		t.Errorf("%q gives %+v, %v; want %+v", cmd.Args, again, err, cfg)
	}
}
