package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

const execHelp = `exec runs COMMAND with the file system mounted over /proc (or DIR), in a mount
namespace of its own that nobody else sees and that ends with it. COMMAND keeps
your credentials, capabilities, limits and environment.

An ordinary user gets a user namespace as well, where the kernel allows it: his
own ids, no others, no capabilities, and no set-uid programs.

Signals are passed on. The exit status is that of COMMAND, %d+N if signal N
killed it, %d if it cannot be executed, %d if it is not found; %d, %d and %d
as for mounting when it was not run at all.`

// execConfig is one `procfsd exec`.
type execConfig struct {
	mountConfig
	Command []string
	Inside  bool   // we are the one inside the user namespace
	Ceiling capSet // then: the bounding set of COMMAND
}

func newExecCommand() *cobra.Command {
	cfg := execConfig{mountConfig: mountConfig{ReadyFD: -1, LifelineFD: -1}}
	var lists []string
	var dir, inside string
	cmd := &cobra.Command{
		Use:               "exec [-o OPT[,OPT...]]... [-m DIR] -- COMMAND [ARG...]",
		Short:             "Run a command over a private mount",
		Long:              fmt.Sprintf(execHelp, exitSignal, exitNotExecutable, exitNotFound, exitUsage, exitSystem, exitMount),
		Example:           "  procfsd exec -- sh -c 'cat /proc/curproc/status'\n  procfsd exec -m /mnt/proc -o hidepid=2 -- ls /mnt/proc",
		ValidArgsFunction: completeCommand,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || args[0] == "" {
				return errors.New("COMMAND is missing")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) (err error) {
			cfg.Command = args
			if cfg.Inside = inside != ""; cfg.Inside {
				err = cfg.setCeiling(inside)
			}
			if err == nil {
				err = cfg.resolve([]string{dir}, lists, false)
			}
			if err == nil && cfg.Options.Remount {
				err = failf(exitUsage, "mount option \"remount\": there is no mount yet that exec could change")
			}
			if err != nil {
				return err
			}
			return withCode(runExec(cfg))
		},
	}
	flags := cmd.Flags()
	flags.SetInterspersed(false) // what follows COMMAND is COMMAND's
	flags.StringArrayVarP(&lists, "options", "o", nil, "mount options, as for mounting")
	flags.StringVarP(&dir, "mountpoint", "m", "/proc", "mount on DIR")
	flags.BoolVarP(&cfg.Trace, "debug", "d", false, "log requests on stderr")
	flags.StringVar(&inside, "inside", "", "")
	hide(cmd, "inside")
	_ = cmd.MarkFlagDirname("mountpoint")
	_ = cmd.RegisterFlagCompletionFunc("options", completeOptions)
	return cmd
}

func (c *execConfig) setCeiling(hex string) error {
	mask, err := strconv.ParseUint(hex, 16, 64)
	if err != nil {
		return failf(exitUsage, "--inside is between procfsd and itself: %w", err)
	}
	c.Ceiling = capSet(mask)
	return nil
}

// again is the command line of this same run inside a user namespace.
func (c *execConfig) again(self string, ceiling capSet) []string {
	args := []string{programName(self), "exec", "--inside=" + strconv.FormatUint(uint64(ceiling), 16),
		"-o", c.Options.String(), "-m", c.Mountpoint}
	if c.Trace {
		args = append(args, "-d")
	}
	return append(append(args, "--"), c.Command...)
}

// runExec takes the straight way where we may mount, and the one through a user
// namespace where we may not.
func runExec(cfg execConfig) error {
	if cfg.Inside {
		nameProcess()
		return execPrivately(cfg)
	}
	now, err := readCaps()
	if err != nil {
		return failf(exitSystem, "read my capabilities: %w", err)
	}
	if now.effective.has(unix.CAP_SYS_ADMIN) {
		return execPrivately(cfg)
	}
	return execInUserNamespace(cfg, now)
}
