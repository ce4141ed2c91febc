package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

const rootHelp = `procfsd mounts FreeBSD's procfs(5), rendered from the live Linux kernel, on
MOUNTPOINT, returns when the mount answers and serves in the background.

Options of -o:
%snosuid, nodev and noexec are always on. What mount(8) and fstab add (dev, suid,
auto, user, _netdev, nofail, x-*, ...) is accepted and means nothing here.

Called as mount.procfs or mount.fuse.procfsd, it is a helper of mount(8).

A mountpoint or source named like a command (%s) is given
as ./exec, or as -o source=exec.

Exit status: %d, %d wrong usage, %d system error, %d the mount failed.`

const rootExample = `  procfsd /mnt/proc
  procfsd none /mnt/proc -o ro,hidepid=invisible,gid=adm
  mount -t fuse procfsd /mnt/proc
  procfsd exec -- sh -c 'cat /proc/curproc/status'`

// mountConfig is one mount, fully resolved: paths are absolute.
type mountConfig struct {
	Mountpoint string
	Options    options
	Trace      bool // log every request
	ReadyFD    int  // where the launcher waits for our word; -1 none
	LifelineFD int  // whose end of file means: unmount; -1 none
}

func newRootCommand(stdout io.Writer) *cobra.Command {
	cfg := mountConfig{}
	var lists []string
	var foreground bool
	root := &cobra.Command{
		Use:               "procfsd [SOURCE] MOUNTPOINT [-o OPT[,OPT...]]...",
		Short:             "Mount FreeBSD's procfs(5) on Linux",
		Example:           rootExample,
		Version:           version(),
		Args:              mountArgs,
		ValidArgsFunction: completeMount,
		SilenceUsage:      true,
		SilenceErrors:     true,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := cfg.resolve(args, lists, false); err != nil {
				return err
			}
			if cfg.Options.Remount {
				return withCode(remount(cfg, lists, false))
			}
			if foreground || cfg.Trace {
				return withCode(serve(cfg))
			}
			return withCode(mountInBackground(cfg))
		},
	}
	root.SetOut(stdout)
	flags := root.Flags()
	flags.StringArrayVarP(&lists, "options", "o", nil, "mount options, separated by commas")
	flags.BoolVarP(&foreground, "foreground", "f", false, "stay in the foreground")
	flags.BoolVarP(&cfg.Trace, "debug", "d", false, "log requests on stderr (implies -f)")
	flags.BoolP("version", "v", false, "print the version") // cobra does that
	flags.IntVar(&cfg.ReadyFD, "ready-fd", -1, "")
	flags.IntVar(&cfg.LifelineFD, "lifeline-fd", -1, "")
	hide(root, "ready-fd", "lifeline-fd")
	_ = root.RegisterFlagCompletionFunc("options", completeOptions)
	root.AddCommand(newExecCommand(), newStatCommand(stdout))
	root.AddCommand(manualCommands()...)
	addCompletion(root)
	addHelp(root)
	root.Long = fmt.Sprintf(rootHelp, optionHelp(), commandNames(root), exitOK, exitUsage, exitSystem, exitMount)
	return root
}

// commandNames lists the commands.
func commandNames(root *cobra.Command) string {
	var names []string
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	return strings.Join(names, ", ")
}

// hide keeps the flags between launcher and daemon out of help and completion.
func hide(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		cmd.Flags().Lookup(name).Hidden = true
	}
}

func mountArgs(_ *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return errors.New("MOUNTPOINT is missing")
	case 2:
		return notCommand(args[0])
	case 1:
		return notCommandAlone(args[0])
	}
	return failf(exitUsage, "unexpected argument %q: give [SOURCE] MOUNTPOINT (see procfsd --help)", args[2])
}

// notCommand refuses a source that was surely meant as a command: mounting is
// the opposite of what who types "procfsd umount DIR" wants.
func notCommand(source string) error {
	switch source {
	case "mount", "umount", "unmount", "version", "status", "stats":
		return failf(exitUsage, "there is no command %q: procfsd DIR mounts, umount DIR unmounts, procfsd stat DIR shows, procfsd --version (a source of that name: -o source=%s)", source, source)
	}
	return nil
}

// notCommandAlone is notCommand for a mountpoint, unless there is a directory of
// that name.
func notCommandAlone(mountpoint string) error {
	wrong := notCommand(mountpoint)
	if wrong == nil {
		return nil // and not looked at: what is mounted there may not answer
	}
	if info, err := os.Stat(mountpoint); err == nil && info.IsDir() {
		return nil
	}
	return wrong
}

// resolve fills c from [SOURCE] MOUNTPOINT and the -o lists. What -o says about
// the source wins over the positional one, as with mount.fuse.
func (c *mountConfig) resolve(args, lists []string, sloppy bool) (err error) {
	base := defaultOptions(os.Geteuid() == 0)
	if len(args) == 2 && args[0] != "" {
		base.Source = args[0]
	}
	if c.Options, err = parseOptions(base, lists, sloppy); err != nil {
		return err
	}
	if c.Options.Proc, err = absolute(c.Options.Proc); err != nil {
		return err
	}
	return c.setMountpoint(args[len(args)-1])
}

func (c *mountConfig) setMountpoint(dir string) (err error) {
	if dir == "" {
		return failf(exitUsage, "MOUNTPOINT is empty: name a directory")
	}
	if strings.HasPrefix(dir, "/dev/fd/") {
		return failf(exitUsage, "mountpoint %s: mount option \"drop_privileges\" is not supported: umount what mount.fuse left and mount without it (procfsd drops privileges by itself)", dir)
	}
	c.Mountpoint, err = absolute(dir)
	return err
}

// absolute makes a path independent of the working directory, which the daemon
// gives up. An empty path stays empty.
func absolute(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", failf(exitSystem, "%s: the working directory is gone, give an absolute path: %w", path, err)
	}
	return abs, nil
}
