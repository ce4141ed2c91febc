package provider

import (
	"bytes"
	"math"
	"strings"
)

// Cgroup is one line of /proc/PID/cgroup: where the process is in one
// hierarchy of control groups.
type Cgroup struct {
	Hierarchy   int      // as in /proc/cgroups; 0: that of version 2
	Controllers []string // none for version 2
	Name        string   // of a named hierarchy, such as "systemd" for "name=systemd"

	// Path is where in the hierarchy, byte for byte: relative to the root of
	// the reader's cgroup namespace ("/.." leads out of it), and with
	// " (deleted)" after it if the group has been removed. Colons are part of it.
	Path string
}

// Deleted tells whether the group has been removed, and its path without the
// kernel's mark. A group may bear a name that looks like that.
func (c *Cgroup) Deleted() (path string, deleted bool) {
	return strings.CutSuffix(c.Path, deletedSuffix)
}

// Cgroups are the lines of a cgroup file.
type Cgroups []Cgroup

// V2 gives the path in the hierarchy of version 2.
func (l Cgroups) V2() (path string, ok bool) {
	for i := range l {
		if l[i].Hierarchy == 0 {
			return l[i].Path, true
		}
	}
	return "", false
}

// Controller finds the hierarchy of version 1 that has a controller, such as
// "memory"; nil without one.
func (l Cgroups) Controller(name string) *Cgroup {
	for i := range l {
		for _, c := range l[i].Controllers {
			if c == name {
				return &l[i]
			}
		}
	}
	return nil
}

// Named finds the hierarchy of version 1 that has a name, such as "systemd";
// nil without one.
func (l Cgroups) Named(name string) *Cgroup {
	for i := range l {
		if l[i].Name == name && name != "" {
			return &l[i]
		}
	}
	return nil
}

// ParseCgroup reads the text of a cgroup file. It is empty where no hierarchy
// is mounted.
func ParseCgroup(b []byte) (Cgroups, error) {
	if len(b) == 0 {
		return nil, nil
	}
	const most = 64 // made in advance
	lines := min(bytes.Count(b, []byte{'\n'}), most)
	list := make(Cgroups, 0, lines)
	names := make([]string, 0, lines)
	for text := string(b); len(text) > 0; {
		line, rest, whole := strings.Cut(text, "\n")
		var c Cgroup
		if !whole || !c.parse(line, &names) {
			return nil, malformed("cgroup", "not a control group")
		}
		list = append(list, c)
		text = rest
	}
	return list, nil
}

// parse reads "hierarchy:controllers:path". The names of the controllers go to
// the end of *names, which all lines share.
func (c *Cgroup) parse(line string, names *[]string) bool {
	id, rest, ok := strings.Cut(line, ":")
	v, n := decimal([]byte(id))
	if !ok || n == 0 || n < len(id) || v > math.MaxInt32 {
		return false
	}
	controllers, path, ok := strings.Cut(rest, ":")
	c.Hierarchy, c.Path = int(v), path
	first := len(*names)
	for more := controllers != ""; more; {
		var name string
		name, controllers, more = strings.Cut(controllers, ",")
		if after, named := strings.CutPrefix(name, "name="); named {
			c.Name = after
			continue
		}
		*names = append(*names, name)
	}
	if last := len(*names); last > first {
		c.Controllers = (*names)[first:last:last]
	}
	return ok
}

// Cgroup reads /proc/PID/cgroup (2.6.24).
func (d *dir) Cgroup() (Cgroups, error) { return parseWhole(d, "cgroup", ParseCgroup) }
