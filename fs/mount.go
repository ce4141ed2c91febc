package fs

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/procfsd/procfsd/nodes"
	"golang.org/x/sys/unix"
)

// ErrMount: the kernel would not mount.
var ErrMount = errors.New("cannot mount")

// Options say what is mounted where, and for whom.
type Options struct {
	Mountpoint string `json:"mountpoint"`  // absolute
	Source     string `json:"source"`      // as /proc/mounts shows it
	Subtype    string `json:"subtype"`     // the type is fuse.Subtype
	AllowOther bool   `json:"allow_other"` // to other users than the daemon's
	ReadOnly   bool   `json:"ro"`          // at first: a remount can change it
	Sample     bool   `json:"sample"`      // let registers of running processes be read, which stops them for a moment
	HidePID    string `json:"hidepid"`     // off, noaccess, invisible, ptraceable, as in proc(5); "" is off
	GID        int    `json:"gid"`         // whom hidepid does not concern, -1 for nobody
	Proc       string `json:"proc"`        // another procfs to read, "" for a private one

	Version string       `json:"-"` // of the program, for Stats
	Log     *slog.Logger `json:"-"` // nil for slog's default
	Trace   bool         `json:"-"` // log every request
}

func (o *Options) tree() (*nodes.Tree, error) {
	hide, ok := map[string]nodes.HidePID{
		"": nodes.HideOff, "off": nodes.HideOff, "noaccess": nodes.HideNoAccess,
		"invisible": nodes.HideInvisible, "ptraceable": nodes.HideUntraceable,
	}[o.HidePID]
	if !ok {
		return nil, fmt.Errorf("hidepid=%s: unknown mode", o.HidePID)
	}
	return nodes.Open(nodes.Options{Proc: o.Proc, HidePID: hide, GID: o.GID, Sample: o.Sample})
}

// maxTransfer is the longest read or write in one request, the kernel's own
// bound.
const maxTransfer = 1 << 20

// Mount mounts and serves in the background; it returns once the tree answers.
// The tree appears only when it is already served, and no program that the
// daemon or anybody starts inherits the device.
func Mount(o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	tree, err := o.tree()
	if err != nil {
		return nil, err
	}
	s, err := mountTree(tree, o)
	if err != nil {
		tree.Close()
	}
	return s, err
}

func mountTree(tree *nodes.Tree, o Options) (*Server, error) {
	device, err := openDevice()
	if err != nil {
		return nil, err
	}
	mount, err := detached(device, &o)
	if err != nil {
		unix.Close(device)
		return nil, err
	}
	defer unix.Close(mount)
	s, err := serve(tree, device, o)
	if err != nil {
		return nil, err
	}
	if err := s.attach(mount); err != nil {
		s.abandon()
		return nil, err
	}
	return s, nil
}

func openDevice() (int, error) {
	const path = "/dev/fuse"
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("%w: open %s: %w", ErrMount, path, err)
	}
	return fd, nil
}

// detached makes the mount, still attached nowhere.
func detached(device int, o *Options) (int, error) {
	ctx, err := unix.Fsopen("fuse", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, fmt.Errorf("%w: fsopen: %w", ErrMount, err)
	}
	defer unix.Close(ctx)
	for _, p := range parameters(device, o) {
		if err := p.set(ctx); err != nil {
			return -1, fmt.Errorf("%w: option %s: %w%s", ErrMount, p.key, err, contextLog(ctx))
		}
	}
	if err := unix.FsconfigCreate(ctx); err != nil {
		return -1, fmt.Errorf("%w: %w%s", ErrMount, err, contextLog(ctx))
	}
	mount, err := unix.Fsmount(ctx, unix.FSMOUNT_CLOEXEC, mountAttributes(o))
	if err != nil {
		return -1, fmt.Errorf("%w: fsmount: %w%s", ErrMount, err, contextLog(ctx))
	}
	return mount, nil
}

// parameter of a mount; one without a value is a flag.
type parameter struct{ key, value string }

func (p parameter) set(ctx int) error {
	if p.value == "" {
		return unix.FsconfigSetFlag(ctx, p.key)
	}
	return unix.FsconfigSetString(ctx, p.key, p.value)
}

func parameters(device int, o *Options) []parameter {
	all := []parameter{
		{"source", o.Source},
		{"subtype", o.Subtype},
		{"fd", strconv.Itoa(device)},
		{"rootmode", strconv.FormatInt(unix.S_IFDIR|dirMode, 8)},
		{"user_id", strconv.Itoa(unix.Geteuid())},
		{"group_id", strconv.Itoa(unix.Getegid())},
		{"max_read", strconv.Itoa(maxTransfer)},
	}
	if o.AllowOther {
		all = append(all, parameter{key: "allow_other"})
	}
	if o.ReadOnly {
		all = append(all, parameter{key: "ro"})
	}
	return all
}

func mountAttributes(o *Options) int {
	attributes := unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOEXEC
	if o.ReadOnly {
		attributes |= unix.MOUNT_ATTR_RDONLY
	}
	return attributes
}

// contextLog is what the kernel has to say beyond the errno.
func contextLog(ctx int) string {
	buf := make([]byte, 1024)
	n, err := unix.Read(ctx, buf)
	if err != nil || n <= 2 {
		return ""
	}
	return " (" + string(buf[2:n]) + ")"
}
