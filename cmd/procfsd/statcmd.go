package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/moby/sys/mountinfo"
	"github.com/procfsd/procfsd/fs"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

const statHelp = `stat shows what the daemon of a mount has been asked since it began, and what
it takes: requests by kind with their latencies, errors that it answered with,
slots of calls that block (used, stuck, limit), open files, memory.

It needs CAP_SYS_ADMIN, as mounting does. The counters name nobody.

Exit status: 0 the mount answers, 1 wrong usage, 2 it does not, or not to you.`

// statDeadline is for the daemon to answer; its own for any request is shorter.
const statDeadline = 5 * time.Second

func newStatCommand(stdout io.Writer) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "stat [--json] MOUNTPOINT",
		Short:   "Show the counters of a mount",
		Long:    statHelp,
		Example: "  procfsd stat /mnt/proc\n  procfsd stat --json /mnt/proc",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("want one MOUNTPOINT")
			}
			return nil
		},
		ValidArgsFunction: completeMounted,
		RunE: func(_ *cobra.Command, args []string) error {
			stats, err := readStats(args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return withCode(writeJSON(stdout, stats))
			}
			return withCode(writeStats(stdout, args[0], stats))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON: times in seconds, sizes in bytes")
	return cmd
}

// readStats asks the daemon of a mount, but not for ever. Somebody else's file
// system is not asked at all: a server that has taken a request may keep whoever
// waits for the answer, killed or not.
func readStats(dir string) (*fs.Stats, error) {
	root, err := openMine(dir)
	if err != nil {
		return nil, err
	}
	defer unix.Close(root)
	return askStats(dir, root)
}

func askStats(dir string, root int) (*fs.Stats, error) {
	type answer struct {
		stats *fs.Stats
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		stats, err := fs.ReadStats(root)
		answers <- answer{stats, err}
	}()
	select {
	case a := <-answers:
		return a.stats, statFailure(dir, a.err)
	case <-time.After(statDeadline):
		return nil, failf(exitSystem, "%s: the daemon does not answer within %v: look whether it is stopped, or end it and mount again", dir, statDeadline)
	}
}

// openMine opens the root of a mount of one's own, without asking who serves it:
// the mount table tells, which no file system can write. Whatever is done with
// the mount afterwards goes by the descriptor, for the path may lead elsewhere
// by then.
func openMine(dir string) (int, error) {
	root, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, statFailure(dir, err)
	}
	if err := checkMine(dir, root); err != nil {
		unix.Close(root)
		return -1, err
	}
	return root, nil
}

func checkMine(dir string, root int) error {
	mount, err := mountAt(root)
	switch {
	case err != nil:
		return failf(exitSystem, "%s: cannot tell whose mount it is: %w", dir, err)
	case !strings.HasPrefix(mount.FSType, "fuse."):
		return statFailure(dir, fs.ErrNotMounted)
	case !mountedBy(mount, os.Geteuid()):
		return statFailure(dir, unix.EPERM)
	}
	return nil
}

// mountedBy: FUSE shows whose server it is.
func mountedBy(mount *mountinfo.Info, uid int) bool {
	return slices.Contains(strings.Split(mount.VFSOptions, ","), fmt.Sprintf("user_id=%d", uid))
}

func statFailure(dir string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotMounted), errors.Is(err, unix.ENOTDIR):
		return failf(exitSystem, "%s is not the root of a procfsd mount: name its mountpoint (grep procfsd /proc/mounts)", dir)
	case errors.Is(err, fs.ErrDead):
		return failf(exitSystem, "%s: the daemon of this mount has ended: mount again, which replaces it", dir)
	case errors.Is(err, unix.EPERM):
		return failf(exitSystem, "%s: not permitted: run as root (CAP_SYS_ADMIN) in the namespaces that it was mounted in", dir)
	}
	return failf(exitSystem, "%s: %w", dir, errno(err))
}

func writeJSON(w io.Writer, s *fs.Stats) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(s)
}

func writeStats(w io.Writer, dir string, s *fs.Stats) error {
	o := optionsOf(s.Options)
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "%s  procfsd %s  up %v  %s\n\n", oneLine(dir), oneLine(s.Version), span(s.Uptime).Round(time.Second), oneLine(o.String()))
	fmt.Fprintf(t, "request\tcount\tfailed\tmean\tp50\tp99\tmax\t\n")
	for _, r := range s.Requests {
		fmt.Fprintf(t, "%s\t%d\t%d\t%v\t%v\t%v\t%v\t\n", r.Kind, r.Count, r.Failed, short(r.Mean), short(r.P50), short(r.P99), short(r.Max))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	d := s.Daemon
	_, err := fmt.Fprintf(w, "\nrefused  %s\nslots    %s, %d waiting\nfiles    %d open (limit %d)\n"+
		"memory   %s resident, %s heap, %s of texts (limit %s), %s of writes (limit %s)\n"+
		"daemon   pid %d, %d threads, %d goroutines, %d descriptors (limit %d), %d processes kept\n",
		refused(s.Refusals), slotList(s.Slots), s.Waiting, s.Files.Used, s.Files.Limit,
		size(d.Resident), size(d.Heap), size(s.Texts.Used), size(s.Texts.Limit), size(s.Writes.Used), size(s.Writes.Limit),
		d.PID, d.Threads, d.Goroutines, d.Descriptors, d.DescriptorLimit, d.Kept)
	return err
}

func refused(all map[string]uint64) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, fmt.Sprintf("%s %d", name, all[name]))
	}
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

func slotList(all []fs.SlotStats) string {
	var list []string
	for _, s := range all {
		list = append(list, fmt.Sprintf("%s %d (%d stuck, limit %d)", s.Kind, s.Used, s.Stuck, s.Limit))
	}
	return strings.Join(list, ", ")
}

func span(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }

// short is a time with three digits.
func short(seconds float64) time.Duration {
	d := span(seconds)
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit)
}

func size[N int | uint64](bytes N) string { return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20)) }
