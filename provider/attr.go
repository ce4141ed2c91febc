package provider

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Attr reads a security attribute, /proc/PID/attr/NAME (2.6.0): "current",
// "exec", "fscreate", "keycreate", "prev" or "sockcreate", or one of a module's
// own directory as "apparmor/current" (4.20). "" is an attribute that is not
// set. Where no security module knows it, it is ErrNotSupported.
func (d *dir) Attr(name string) (string, error) {
	const limit = 64 << 10 // modules keep to a page
	file := "attr/" + name
	text, err := d.Read(file, nil, limit)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EOPNOTSUPP) {
		err = d.fail("read", file, ErrNotSupported)
	}
	if err != nil {
		return "", err
	}
	return ParseAttr(text), nil
}

// ParseAttr gives the value in the text of an attribute, without the NUL
// (SELinux) or newline (AppArmor) that ends it. No text is wrong.
func ParseAttr(b []byte) string {
	if end := len(b) - 1; end >= 0 && (b[end] == 0 || b[end] == '\n') {
		b = b[:end]
	}
	return string(b)
}

// AttrNames lists the names for Attr, those of modules' own directories
// included; that they are there does not mean that a module knows them. A
// kernel without security modules has none: ErrNotSupported.
func (d *dir) AttrNames() ([]string, error) { return d.attrNames("attr", "") }

// attrNames lists a directory and those in it, which have no others.
func (d *dir) attrNames(file, prefix string) (list []string, err error) {
	var below error
	err = d.fs.entries(d.fd, file, func(entry []byte) bool {
		if entry[0] == '.' {
			return true
		}
		var some []string
		some, below = d.attrEntry(file+"/"+string(entry), prefix+string(entry), prefix == "")
		list = append(list, some...)
		return below == nil
	})
	if err == nil {
		err = below
	}
	if err != nil {
		return nil, d.fail("readdir", file, d.missing(file, err))
	}
	return list, nil
}

// attrEntry is the name of a file, or what a directory holds.
func (d *dir) attrEntry(file, name string, descend bool) ([]string, error) {
	var st unix.Stat_t
	if err := fstatat(d.fd, file, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return nil, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return []string{name}, nil
	}
	if !descend {
		return nil, nil
	}
	return d.attrNames(file, name+"/")
}
