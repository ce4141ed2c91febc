package provider

import (
	"math"
	"time"
)

// NFSStats are the statistics of one NFS mount in mountstats. All counters are
// sums since the file system was mounted. What a kernel does not write is zero.
type NFSStats struct {
	Version string        // of this part: "1.0", or today "1.1"
	Options MountOptions  // opts: see nfs(5)
	Age     time.Duration // since it was mounted, in whole seconds
	ImplID  NFSImplID     // what the server says of itself (NFSv4.1)

	Caps        NFSServerCaps // caps=
	WTMult      uint64        // the server's disk block size, bytes
	DTSize      uint64        // what one READDIR asks for, bytes
	BSize       uint64        // the server's block size, bytes; 0: none set
	NameLen     uint64        // longest name, bytes
	CapsOptions MountOptions  // the line that these are of

	V4           MountOptions // nfsv4: bm0, bm1, bm2, acl, sessions, pnfs … (NFSv4)
	Flavor       uint64       // RPC's kind of authentication: 1 AUTH_SYS, 6 RPCSEC_GSS
	Pseudoflavor uint64       // which one of RPCSEC_GSS's, or the same; 0: not told
	Sec          MountOptions // the line that these are of

	Events  NFSEvents
	Bytes   NFSBytes
	FSCache NFSFSCache // fsc: with the mount option fsc

	RPCVersion     string // of the part that follows: "1.0", or "1.1" since 5.3
	Program        uint64 // RPC program: 100003
	ProgramVersion uint64 // of NFS: 2, 3 or 4
	ProgramName    string // "nfs"
	Transports     []NFSTransport
	Ops            []NFSOp // in the order of their numbers

	Unknown []string // lines, or their rests, that are unknown here
}

// NFSImplID is how an NFSv4.1 server describes itself. The server chooses it.
type NFSImplID struct {
	Name, Domain string
	Date         time.Time // of the build; zero: not told
}

// NFSEvents are the numbers of the line events.
type NFSEvents struct {
	InodeRevalidate  uint64 // cached attributes were checked
	DentryRevalidate uint64 // cached names were checked
	DataInvalidate   uint64 // cached data was dropped
	AttrInvalidate   uint64 // cached attributes were dropped
	VFSOpen          uint64 // calls of the file system, so up to VFSRelease
	VFSLookup        uint64
	VFSAccess        uint64
	VFSUpdatePage    uint64
	VFSReadPage      uint64
	VFSReadPages     uint64
	VFSWritePage     uint64
	VFSWritePages    uint64
	VFSGetdents      uint64
	VFSSetattr       uint64
	VFSFlush         uint64
	VFSFsync         uint64
	VFSLock          uint64
	VFSRelease       uint64
	CongestionWait   uint64
	SetattrTrunc     uint64 // truncations by setattr
	ExtendWrite      uint64 // writes beyond the end
	SillyRename      uint64 // open files that were removed
	ShortRead        uint64 // the server gave less than asked for
	ShortWrite       uint64 // the server took less than given
	Delay            uint64 // NFS3ERR_JUKEBOX, NFS4ERR_DELAY
	PNFSRead         uint64 // statvers 1.1
	PNFSWrite        uint64 // statvers 1.1
}

// NFSBytes are the numbers of the line bytes; pages where it says so.
type NFSBytes struct {
	NormalRead  uint64 // by applications through read(2) and mmap(2)
	NormalWrite uint64
	DirectRead  uint64 // by applications with O_DIRECT
	DirectWrite uint64
	ServerRead  uint64 // asked of the server
	ServerWrite uint64
	PagesRead   uint64 // pages, by readpage and readahead
	PagesWrite  uint64
}

// NFSFSCache are the numbers of the line fsc: pages in the local cache.
type NFSFSCache struct{ ReadOK, ReadFail, WrittenOK, WrittenFail, Uncached uint64 }

// NFSTransport is one line xprt: a connection, of which there may be several.
// What a protocol or a kernel has not is zero; Numbers are all as written.
type NFSTransport struct {
	Protocol     string        // "tcp", "udp", "rdma", "local"
	Port         uint64        // ours; 0 for rdma and local
	BindCount    uint64        // rpcbind requests
	ConnectCount uint64        // connections made
	ConnectTime  time.Duration // spent waiting for connections, whole seconds (ticks on older kernels)
	IdleTime     time.Duration // since the last request, whole seconds
	Sends        uint64        // requests
	Receives     uint64        // replies
	BadXIDs      uint64        // replies to nobody's request
	ActiveSum    uint64        // requests under way, summed at each request
	BacklogSum   uint64        // requests that waited for a slot, summed likewise
	MaxSlots     uint64        // most requests at once
	SendingSum   uint64        // length of the sending queue, summed likewise
	PendingSum   uint64        // length of the pending queue, summed likewise
	RDMA         NFSRDMA
	Numbers      []uint64
}

// NFSRDMA are the further numbers of a transport over RDMA. Older kernels write
// ten of them.
type NFSRDMA struct {
	ReadChunks, WriteChunks, ReplyChunks   uint64
	RequestBytes, ReplyBytes               uint64 // by RDMA
	PullupBytes, FixupBytes                uint64 // copied, where RDMA could not
	HardwayRegister, FailedMarshal         uint64
	BadReplies, NomsgCalls                 uint64
	MRsRecycled, MRsOrphaned, MRsAllocated uint64
	LocalInvNeeded                         uint64
	EmptySendctxQ, ReplyWaitsForSend       uint64
}

// NFSOp is one line of the per-op statistics: all requests of one kind.
type NFSOp struct {
	Name            string // "READ", or a number where the kernel has no name
	Operations      uint64
	Transmissions   uint64
	MajorTimeouts   uint64
	BytesSent       uint64 // with all headers
	BytesRecv       uint64
	CumQueueTime    time.Duration // before they were sent; so the next, in whole milliseconds
	CumRespTime     time.Duration // from there to the reply
	CumTotalReqTime time.Duration // from the beginning to the end
	Errors          uint64        // requests that ended with an error (5.3)
	HasErrors       bool          // the kernel counts them
}

// Op finds the requests of a kind, such as "READ"; nil without.
func (s *NFSStats) Op(name string) *NFSOp {
	for i := range s.Ops {
		if s.Ops[i].Name == name {
			return &s.Ops[i]
		}
	}
	return nil
}

func (e *NFSEvents) fields() []*uint64 {
	return []*uint64{
		&e.InodeRevalidate, &e.DentryRevalidate, &e.DataInvalidate, &e.AttrInvalidate, &e.VFSOpen, &e.VFSLookup,
		&e.VFSAccess, &e.VFSUpdatePage, &e.VFSReadPage, &e.VFSReadPages, &e.VFSWritePage, &e.VFSWritePages,
		&e.VFSGetdents, &e.VFSSetattr, &e.VFSFlush, &e.VFSFsync, &e.VFSLock, &e.VFSRelease, &e.CongestionWait,
		&e.SetattrTrunc, &e.ExtendWrite, &e.SillyRename, &e.ShortRead, &e.ShortWrite, &e.Delay, &e.PNFSRead, &e.PNFSWrite,
	}
}

func (b *NFSBytes) fields() []*uint64 {
	return []*uint64{
		&b.NormalRead, &b.NormalWrite, &b.DirectRead, &b.DirectWrite,
		&b.ServerRead, &b.ServerWrite, &b.PagesRead, &b.PagesWrite,
	}
}

func (c *NFSFSCache) fields() []*uint64 {
	return []*uint64{&c.ReadOK, &c.ReadFail, &c.WrittenOK, &c.WrittenFail, &c.Uncached}
}

func (r *NFSRDMA) fields() []*uint64 {
	return []*uint64{
		&r.ReadChunks, &r.WriteChunks, &r.ReplyChunks, &r.RequestBytes, &r.ReplyBytes, &r.PullupBytes, &r.FixupBytes,
		&r.HardwayRegister, &r.FailedMarshal, &r.BadReplies, &r.NomsgCalls, &r.MRsRecycled, &r.MRsOrphaned,
		&r.MRsAllocated, &r.LocalInvNeeded, &r.EmptySendctxQ, &r.ReplyWaitsForSend,
	}
}

// duration gives n units, or the longest duration there is.
func duration(n uint64, unit time.Duration) time.Duration {
	if n > uint64(math.MaxInt64/unit) {
		return math.MaxInt64
	}
	return time.Duration(n) * unit
}
