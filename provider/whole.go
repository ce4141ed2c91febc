package provider

import (
	"errors"

	"golang.org/x/sys/unix"
)

// wholeMost bounds the files that are parsed whole, whatever their length: mostly
// tables of mounts. The kernel allows 100,000 mounts (see fs.mount-max in
// proc(5)), which are some 15 MB of text.
const wholeMost = 64 << 20

// parseWhole reads a file of any length, which may be empty, with its pure parser.
func parseWhole[T any](d *dir, file string, parse func([]byte) (T, error)) (v T, err error) {
	err = d.lendWhole(file, func(text []byte) (err error) {
		v, err = parse(text)
		return err
	})
	return v, err
}

func (d *dir) lendWhole(file string, use func(text []byte) error) error {
	return d.exited(file, d.lend(file, wholeMost, appendAll, use))
}

// exited finds "gone" among the errors of files that are made for the
// namespaces of a process. One that has exited is EINVAL there, and one that is
// about to is ENOENT for a file that exists.
func (d *dir) exited(file string, err error) error {
	if errors.Is(err, unix.EINVAL) || errors.Is(err, ErrNotSupported) && d.exists(file) {
		return d.fail("open", file, ErrGone)
	}
	return err
}

func (d *dir) exists(file string) bool {
	var st unix.Stat_t
	return fstatat(d.fd, file, &st, unix.AT_SYMLINK_NOFOLLOW) == nil
}
