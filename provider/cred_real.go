//go:build procfsd_realuid

package provider

import "golang.org/x/sys/unix"

// This build lends the real user too. It exists to show in a test that the test
// would notice.
func lendUser(uid uint32) error {
	if uid == ^uint32(0) {
		return unix.EINVAL
	}
	return setUsers(uid, uid)
}

func takeBackUser(own uint32) error { return setUsers(own, own) }
