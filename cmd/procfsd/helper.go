package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"
)

const helperUsage = "mount.procfs SPEC DIR [-sfnv] [-o OPT[,OPT...]] [-t TYPE.SUBTYPE]"

// helperArgs is a command line by mount(8)'s conventions for helpers, where -f
// means fake and -s sloppy.
type helperArgs struct {
	Spec, Dir string
	Lists     []string
	Fake      bool
	Sloppy    bool
	Verbose   bool
}

func parseHelperArgs(args []string) (helperArgs, error) {
	var h helperArgs
	var namespace, fstype string
	flags := pflag.NewFlagSet("mount.procfs", pflag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVarP(&h.Fake, "fake", "f", false, "")
	flags.BoolVarP(&h.Sloppy, "sloppy", "s", false, "")
	flags.BoolVarP(&h.Verbose, "verbose", "v", false, "")
	flags.BoolP("no-mtab", "n", false, "")
	flags.StringVarP(&namespace, "namespace", "N", "", "")
	flags.StringVarP(&fstype, "types", "t", "", "")
	flags.StringArrayVarP(&h.Lists, "options", "o", nil, "")
	if err := flags.Parse(args); err != nil {
		return helperArgs{}, failf(exitUsage, "%w: usage: %s", err, helperUsage)
	}
	if flags.Changed("namespace") {
		return helperArgs{}, failf(exitUsage, "option -N %s is not supported: enter the namespace first (nsenter --mount=...)", namespace)
	}
	if flags.NArg() != 2 {
		return helperArgs{}, failf(exitUsage, "want SPEC and DIR, got %d arguments: usage: %s", flags.NArg(), helperUsage)
	}
	h.Spec, h.Dir = flags.Arg(0), flags.Arg(1)
	if _, subtype, ok := strings.Cut(fstype, "."); ok && subtype != "" {
		h.Lists = append([]string{"subtype=" + subtypeEscape(subtype)}, h.Lists...)
	}
	return h, nil
}

func subtypeEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `,`, `\,`).Replace(s)
}

// runHelper is the program when mount(8) calls it for -t procfs or
// -t fuse.procfsd.
func runHelper(args []string, stdout io.Writer) error {
	h, err := parseHelperArgs(args)
	if errors.Is(err, pflag.ErrHelp) {
		fmt.Fprintln(stdout, "usage:", helperUsage)
		return nil
	}
	if err != nil {
		return err
	}
	cfg := mountConfig{ReadyFD: -1, LifelineFD: -1}
	if err := cfg.resolve([]string{h.Spec, h.Dir}, h.Lists, h.Sloppy); err != nil {
		return err
	}
	if h.Fake {
		return nil
	}
	if cfg.Options.Remount {
		return remount(cfg, h.Lists, h.Sloppy)
	}
	if err := mountInBackground(cfg); err != nil {
		return err
	}
	if h.Verbose {
		fmt.Fprintf(stdout, "procfsd: %s mounted on %s\n", cfg.Options.Source, cfg.Mountpoint)
	}
	return nil
}

// safePath is what mount(8) leaves us without.
const safePath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// daemonEnv is the little that the daemon keeps of the environment: a safe
// PATH and what steers the Go runtime.
func daemonEnv() []string {
	env := []string{safePath}
	for _, name := range []string{"GODEBUG", "GOGC", "GOMEMLIMIT", "GOMAXPROCS", "GOTRACEBACK", "GORACE", "GOCOVERDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
