package fs

import (
	"unsafe"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// What the loop itself must know of the protocol: requests by their opcode
// (linux/fuse.h), and the two headers.
const (
	opLookup    = 1
	opGetAttr   = 3
	opSetAttr   = 4
	opReadlink  = 5
	opOpen      = 14
	opRead      = 15
	opWrite     = 16
	opRelease   = 18
	opGetXAttr  = 22
	opListXAttr = 23
	opInit      = 26
	opOpenDir   = 27
	opReadDir   = 28
	opAccess    = 34
	opInterrupt = 36
	opIoctl     = 39

	headerSize    = int(unsafe.Sizeof(fuse.InHeader{}))
	headerOutSize = int(unsafe.Sizeof(fuse.OutHeader{}))
)

// refusal is a reply that tells an error.
func refusal(unique uint64, status fuse.Status) []byte {
	h := fuse.OutHeader{Length: uint32(headerOutSize), Status: -int32(status), Unique: unique}
	b := make([]byte, headerOutSize)
	*(*fuse.OutHeader)(unsafe.Pointer(&b[0])) = h
	return b
}
