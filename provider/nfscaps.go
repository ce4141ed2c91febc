package provider

import (
	"strconv"
	"strings"
)

// NFSServerCaps is what an NFS server can do, the caps= of mountstats: see
// include/linux/nfs_fs_sb.h. Bits without name are kept.
//
// Newer kernels no longer count the file attributes as capabilities, and have
// begun to use their bits 6 to 13 otherwise: ignores case (6), preserves case
// (7), LAYOUTRETURN after a reboot (8), OFFLOAD_STATUS (9), ZERO_RANGE (10),
// directory delegations (11), OPEN with either delegation or state (12), time
// stamps under delegation (13).
type NFSServerCaps uint64

const (
	NFSCapReaddirplus   NFSServerCaps = 1 << iota
	NFSCapHardlinks                   // has hard links
	NFSCapSymlinks                    // has symbolic links
	NFSCapACLs                        // has access control lists
	NFSCapAtomicOpen                  // opens and creates in one step
	NFSCapLGOpen                      // LAYOUTGET within OPEN; the change attribute on older kernels
	NFSCapFileID                      // attribute fileid; see above, so the next seven
	NFSCapMode                        // attribute mode
	NFSCapNlink                       // attribute nlink
	NFSCapOwner                       // attribute owner
	NFSCapOwnerGroup                  // attribute owner_group
	NFSCapAtime                       // attribute time_access
	NFSCapCtime                       // attribute time_metadata
	NFSCapMtime                       // attribute time_modify
	NFSCapPosixLock                   // locks as POSIX has them
	NFSCapUIDGIDNomap                 // sends ids as numbers
	NFSCapStateIDNFSv41               // state ids of NFSv4.1
	NFSCapAtomicOpenV1                // creates exclusively with attributes
	NFSCapSecurityLabel               // has security labels
	NFSCapSeek                        // SEEK
	NFSCapAllocate                    // ALLOCATE
	NFSCapDeallocate                  // DEALLOCATE
	NFSCapLayoutstats                 // LAYOUTSTATS
	NFSCapClone                       // CLONE
	NFSCapCopy                        // COPY
	NFSCapOffloadCancel               // OFFLOAD_CANCEL
	NFSCapLayouterror                 // LAYOUTERROR
	NFSCapCopyNotify                  // COPY_NOTIFY
	NFSCapXattr                       // extended attributes
	NFSCapReadPlus                    // READ_PLUS
	NFSCapFSLocations                 // fs_locations
	NFSCapMoveable                    // can be moved to another transport
)

var nfsCapNames = [...]string{
	"READDIRPLUS", "HARDLINKS", "SYMLINKS", "ACLS", "ATOMIC_OPEN", "LGOPEN", "FILEID", "MODE", "NLINK", "OWNER",
	"OWNER_GROUP", "ATIME", "CTIME", "MTIME", "POSIX_LOCK", "UIDGID_NOMAP", "STATEID_NFSV41", "ATOMIC_OPEN_V1",
	"SECURITY_LABEL", "SEEK", "ALLOCATE", "DEALLOCATE", "LAYOUTSTATS", "CLONE", "COPY", "OFFLOAD_CANCEL",
	"LAYOUTERROR", "COPY_NOTIFY", "XATTR", "READ_PLUS", "FS_LOCATIONS", "MOVEABLE",
}

// Has reports whether all of want are there.
func (c NFSServerCaps) Has(want NFSServerCaps) bool { return c&want == want }

// String gives the names with "|" between, as the kernel has them but for
// NFS_CAP_, and what has no name as one number.
func (c NFSServerCaps) String() string {
	var names []string
	for i, name := range nfsCapNames {
		if c>>i&1 != 0 {
			names = append(names, name)
		}
	}
	if rest := c >> len(nfsCapNames) << len(nfsCapNames); rest != 0 || c == 0 {
		names = append(names, "0x"+strconv.FormatUint(uint64(rest), 16))
	}
	return strings.Join(names, "|")
}
