package provider

import (
	"bytes"
	"strconv"
)

// FDKind says what an open file descriptor refers to.
type FDKind uint8

const (
	FDUnknown   FDKind = iota // text of no known form, whole in Name
	FDPath                    // a file: its path in Name
	FDSocket                  // Inode finds it in net/tcp, net/unix and the like
	FDNet                     // a network namespace, by Inode
	FDPipe                    // both ends have the same Inode
	FDAnonInode               // Name is the kernel's: "[eventfd]", "inotify", "bpf-map" …
	FDMemFD                   // memfd_create(2) (3.17): its name in Name
	FDOther                   // another TYPE:[INODE]; the type in Name, as "mnt"
)

// String gives the kind's name.
func (k FDKind) String() string {
	switch k {
	case FDPath:
		return "path"
	case FDSocket:
		return "socket"
	case FDNet:
		return "net"
	case FDPipe:
		return "pipe"
	case FDAnonInode:
		return "anon_inode"
	case FDMemFD:
		return "memfd"
	case FDOther:
		return "other"
	}
	return "unknown"
}

// FDTarget is the text of a link /proc/PID/fd/N, taken apart. Names are bytes,
// which need not be UTF-8.
type FDTarget struct {
	Kind    FDKind
	Name    string // see the kinds
	Inode   uint64 // of FDSocket, FDNet, FDPipe and FDOther
	Deleted bool   // of FDPath: the kernel wrote " (deleted)", which Name lacks; a file may bear that name, see Link
}

const (
	deletedSuffix = " (deleted)"
	memfdPrefix   = "/memfd:"
	anonPrefix    = "anon_inode:"
)

// ParseFDTarget reads the text of such a link. Every text is a target: what is
// of no known form is FDUnknown, and String always gives the text back. What
// begins with '/' is a path, whatever it looks like; but the kernel writes
// memory files as "/memfd:NAME (deleted)", and a deleted file of that name in
// the root directory cannot be told from one.
func ParseFDTarget(b []byte) FDTarget {
	if len(b) > 0 && b[0] == '/' {
		return pathTarget(b)
	}
	if name, ok := bytes.CutPrefix(b, []byte(anonPrefix)); ok {
		return FDTarget{Kind: FDAnonInode, Name: string(name)}
	}
	kind, rest, _ := bytes.Cut(b, []byte(":"))
	inode, ok := bracketed(rest)
	if !ok || len(kind) == 0 {
		return FDTarget{Name: string(b)}
	}
	switch string(kind) {
	case "socket":
		return FDTarget{Kind: FDSocket, Inode: inode}
	case "pipe":
		return FDTarget{Kind: FDPipe, Inode: inode}
	case "net":
		return FDTarget{Kind: FDNet, Inode: inode}
	}
	return FDTarget{Kind: FDOther, Name: string(kind), Inode: inode}
}

func pathTarget(b []byte) FDTarget {
	name, deleted := bytes.CutSuffix(b, []byte(deletedSuffix))
	if mem, ok := bytes.CutPrefix(name, []byte(memfdPrefix)); ok && deleted {
		return FDTarget{Kind: FDMemFD, Name: string(mem)}
	}
	return FDTarget{Kind: FDPath, Name: string(name), Deleted: deleted}
}

// bracketed reads "[NUMBER]" as the kernel writes it, without spare zeros.
func bracketed(b []byte) (uint64, bool) {
	if len(b) < 3 || b[0] != '[' || b[len(b)-1] != ']' || b[1] == '0' && len(b) > 3 {
		return 0, false
	}
	v, n := decimal(b[1:])
	return v, n > 0 && n == len(b)-2
}

// String gives the kernel's text back.
func (t FDTarget) String() string {
	switch t.Kind {
	case FDPath:
		return Link{t.Name, t.Deleted}.String()
	case FDMemFD:
		return memfdPrefix + t.Name + deletedSuffix
	case FDAnonInode:
		return anonPrefix + t.Name
	case FDSocket, FDNet, FDPipe:
		return t.Kind.String() + ":[" + strconv.FormatUint(t.Inode, 10) + "]"
	case FDOther:
		return t.Name + ":[" + strconv.FormatUint(t.Inode, 10) + "]"
	}
	return t.Name
}
