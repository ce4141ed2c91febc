package provider

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Namespace identifies a namespace: two are the same where both numbers are.
type Namespace struct{ Dev, Ino uint64 }

func (f *FS) namespace(pid int, kind string) (Namespace, error) {
	return namespaceAt(f.fd, fmt.Sprintf("%d/ns/%s", pid, kind))
}

func namespaceAt(dir int, path string) (Namespace, error) {
	var st unix.Stat_t
	if err := unix.Fstatat(dir, path, &st, 0); err != nil {
		return Namespace{}, err
	}
	return Namespace{uint64(st.Dev), st.Ino}, nil
}
