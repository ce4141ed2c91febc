package fs

import (
	"testing"

	"golang.org/x/sys/unix"
)

// What is being written is kept while it waits for a slot: of one user no more
// than half of what all may have, and nothing once it is answered.
func TestLoopWritesBounded(t *testing.T) {
	withLoop(t, func(k *kernel) {
		body := make([]byte, maxTransfer)
		room := writeMemory / 2 / (headerSize + len(body))
		for i := range room {
			k.blocks(uint64(2 + 2*i))
			k.send(uint64(2+2*i), opWrite, nodeOf(42+i, "mem"), body...)
			k.waits(uint64(2 + 2*i))
		}
		over := uint64(2 + 2*room)
		k.send(over, opWrite, nodeOf(41, "mem"), body...)
		k.want(over, unix.EBUSY, 0)
		k.send(over+2, opWrite, nodeOf(41, "note"), 1) // a short one takes nothing
		k.want(over+2, 0, 0)
		k.until(deadline + settled)
		for i := range room {
			k.lets(uint64(2 + 2*i))
		}
		if w := k.loop.fs.writes; w.used != 0 || len(w.byUID) != 0 {
			t.Errorf("%d bytes of writes are left", w.used)
		}
	})
}

// A long request that is no write is answered whatever is being written.
func TestLoopLongForget(t *testing.T) {
	withLoop(t, func(k *kernel) {
		k.loop.fs.writes.limit = 0
		k.send(2, opLookup, id{}, make([]byte, maxTransfer)...)
		k.want(2, 0, 0)
		k.send(4, opWrite, nodeOf(42, "note"), make([]byte, maxTransfer)...)
		k.want(4, unix.EBUSY, 0)
	})
}
