package provider

// ParseSetgroups reads the text of a setgroups file, "allow" or "deny".
func ParseSetgroups(b []byte) (allowed bool, err error) {
	switch string(b) {
	case "allow\n":
		return true, nil
	case "deny\n":
		return false, nil
	}
	return false, malformed("setgroups", "neither allow nor deny")
}

// Setgroups reports whether setgroups(2) is allowed in the user namespace of
// the process (/proc/PID/setgroups, 3.19, CONFIG_USER_NS).
func (d *dir) Setgroups() (allowed bool, err error) { return scalar(d, "setgroups", ParseSetgroups) }

// DenySetgroups forbids setgroups(2) in the user namespace of the process, for
// ever, as an unprivileged user must before writing its gid_map. It is EPERM
// once that is written, and without CAP_SYS_ADMIN in the namespace.
func (d *dir) DenySetgroups() error { return d.write("setgroups", "deny") }
