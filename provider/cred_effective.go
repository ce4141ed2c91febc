//go:build !procfsd_realuid

package provider

import "golang.org/x/sys/unix"

// lendUser and takeBackUser change the effective user alone.
func lendUser(uid uint32) error     { return setIDs(unix.SYS_SETRESUID, uid) }
func takeBackUser(own uint32) error { return setIDs(unix.SYS_SETRESUID, own) }
