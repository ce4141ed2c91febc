package provider

import "bytes"

// ParseCpuset reads the text of a cpuset file: a path that begins with "/", and
// a newline.
func ParseCpuset(b []byte) (string, error) {
	n := bytes.IndexByte(b, '\n')
	if n < 1 || n+1 != len(b) || b[0] != '/' {
		return "", malformed("cpuset", "no path")
	}
	return string(b[:n]), nil
}

// Cpuset is the cgroup that says on which CPUs and memory nodes the process may
// run (/proc/PID/cpuset, 2.6.12, CONFIG_PROC_PID_CPUSET), as seen from our
// cgroup namespace: "/" is its root, and it begins with "/.." outside of it.
func (d *dir) Cpuset() (string, error) { return scalar(d, "cpuset", ParseCpuset) }
