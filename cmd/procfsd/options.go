package main

import (
	"fmt"
	"os/user"
	"slices"
	"strconv"
	"strings"
)

// options is what -o says about one mount.
type options struct {
	Source     string // first column of /proc/mounts
	Subtype    string // the type is fuse.SUBTYPE
	AllowOther bool
	ReadOnly   bool
	HidePID    string // off noaccess invisible ptraceable
	GID        int    // exempt from HidePID; -1 none
	Proc       string // another procfs to read; "" our own
	Sample     bool   // registers of running processes may be read
	Remount    bool   // change the mount that is there
}

// defaultOptions: a procfs is for everyone, so root's mount is open to all;
// what each may see is decided per caller.
func defaultOptions(root bool) options {
	return options{Source: "procfsd", Subtype: "procfsd", AllowOther: root, HidePID: "off", GID: -1}
}

// parseOptions reads the -o lists over base, the last word winning. With
// sloppy, unknown names are passed over as mount(8) -s asks. On error the
// result is zero.
func parseOptions(base options, lists []string, sloppy bool) (options, error) {
	known := knownOptions()
	items := splitOptions(strings.Join(lists, ","))
	remounts := slices.Contains(items, "remount")
	for _, item := range items {
		name, value, given := strings.Cut(item, "=")
		set, ok := known[name]
		if !ok && (sloppy || ignoredOption(name) || remounts && kernelsOption(name)) {
			continue
		}
		if !ok {
			return options{}, failf(exitUsage, "unknown mount option %q (procfsd --help lists them)", name)
		}
		if err := set(&base, value, given); err != nil {
			return options{}, failf(exitUsage, "mount option %q: %w", item, err)
		}
	}
	return base, nil
}

// String is the shortest list that parses back to o over any base.
func (o options) String() string {
	list := []string{"source=" + o.Source, "subtype=" + o.Subtype, "hidepid=" + o.HidePID,
		either(o.AllowOther, "allow_other", "noallow_other"), either(o.ReadOnly, "ro", "rw")}
	if o.GID >= 0 {
		list = append(list, "gid="+strconv.Itoa(o.GID))
	}
	if o.Sample {
		list = append(list, "sample")
	}
	if o.Proc != "" {
		list = append(list, "proc="+o.Proc)
	}
	for i := range list {
		list[i] = escapeOption(list[i])
	}
	return strings.Join(list, ",")
}

// escapeOption writes text so that splitOptions leaves it in one piece.
func escapeOption(s string) string {
	return strings.NewReplacer(`\`, `\\`, `,`, `\,`).Replace(s)
}

func either(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

// splitOptions cuts at commas; a backslash takes the next byte literally, as
// in libfuse. Empty items vanish.
func splitOptions(list string) []string {
	var items []string
	var item []byte
	flush := func() {
		if len(item) > 0 {
			items = append(items, string(item))
		}
		item = item[:0]
	}
	for i := 0; i < len(list); i++ {
		switch {
		case list[i] == ',':
			flush()
			continue
		case list[i] == '\\' && i+1 < len(list):
			i++
		}
		item = append(item, list[i])
	}
	flush()
	return items
}

// An option sets one thing; given tells `name=` from `name`.
type option func(o *options, value string, given bool) error

// knownOptions is all that -o may say to us; optionDocs explains each.
func knownOptions() map[string]option {
	return map[string]option{
		"allow_other":   flag(func(o *options) { o.AllowOther = true }),
		"noallow_other": flag(func(o *options) { o.AllowOther = false }),
		"ro":            flag(func(o *options) { o.ReadOnly = true }),
		"rw":            flag(func(o *options) { o.ReadOnly = false }),
		"sample":        flag(func(o *options) { o.Sample = true }),
		"hidepid":       setHidePID,
		"gid":           setGID,
		"source":        text(func(o *options, s string) { o.Source = s }),
		"fsname":        text(func(o *options, s string) { o.Source = s }),
		"subtype":       text(func(o *options, s string) { o.Subtype = s }),
		"proc":          text(func(o *options, s string) { o.Proc = s }),
		"remount":       flag(func(o *options) { o.Remount = true }),
	}
}

// ignoredOption: what mount(8) and fstab pass that says nothing to us. nosuid,
// nodev and noexec are always on; their opposites are here because mount.fuse
// adds "dev,suid" by itself.
func ignoredOption(name string) bool {
	switch name {
	case "nosuid", "suid", "nodev", "dev", "noexec", "exec",
		"defaults", "auto", "noauto", "user", "nouser", "users", "nousers",
		"owner", "noowner", "group", "nogroup", "_netdev", "nofail", "comment",
		"async", "sync", "atime", "noatime", "relatime", "norelatime",
		"strictatime", "nostrictatime", "diratime", "nodiratime", "lazytime", "nolazytime",
		"silent", "loud", "mand", "nomand", "dirsync":
		return true
	}
	return strings.HasPrefix(name, "x-") || strings.HasPrefix(name, "X-")
}

// kernelsOption: what the mount table shows of a FUSE mount, which mount(8)
// repeats for a remount.
func kernelsOption(name string) bool {
	return slices.Contains([]string{"user_id", "group_id", "default_permissions", "max_read", "blksize"}, name)
}

func flag(set func(*options)) option {
	return func(o *options, _ string, given bool) error {
		if given {
			return fmt.Errorf("takes no value")
		}
		set(o)
		return nil
	}
}

func text(set func(*options, string)) option {
	return func(o *options, value string, _ bool) error {
		if value == "" || strings.ContainsRune(value, 0) {
			return fmt.Errorf("needs a value")
		}
		set(o, value)
		return nil
	}
}

func setHidePID(o *options, value string, _ bool) error {
	names := map[string]string{"0": "off", "1": "noaccess", "2": "invisible", "4": "ptraceable"}
	for number, name := range names {
		if value == number || value == name {
			o.HidePID = name
			return nil
		}
	}
	return fmt.Errorf("want 0 (off), 1 (noaccess), 2 (invisible) or 4 (ptraceable)")
}

func setGID(o *options, value string, _ bool) error {
	gid, err := groupID(value)
	if err != nil {
		return err
	}
	o.GID = gid
	return nil
}

// groupID takes a number or the name of a group; 2³²-1 is nobody's id.
func groupID(s string) (int, error) {
	if g, err := user.LookupGroup(s); err == nil {
		s = g.Gid
	}
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || n == 1<<32-1 {
		return 0, fmt.Errorf("want a group id or the name of an existing group")
	}
	return int(n), nil
}
