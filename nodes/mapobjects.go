package nodes

import "math/rand/v2"

// objects counts how many mappings hold each object. The first one is none,
// which nobody holds.
type objects struct {
	held  []object
	table []uint32 // places in held, 0 for a free one; their number is a power of two
	mix   uint64   // where an id is looked for, nobody else can know
	shift uint
}

type object struct {
	id    uint64
	count uint32
}

// hold counts one more mapping of the object, and gives its place in held.
func (o *objects) hold(id uint64) uint32 {
	if 2*len(o.held) >= len(o.table) {
		o.grow()
	}
	if id == 0 {
		return 0
	}
	at := o.find(id)
	if o.table[at] == 0 {
		o.table[at] = uint32(len(o.held))
		o.held = append(o.held, object{id: id})
	}
	o.held[o.table[at]].count++
	return o.table[at]
}

// find gives the place in the table where id is, or should be.
func (o *objects) find(id uint64) int {
	for i := int(id * o.mix >> o.shift); ; i++ {
		at := i & (len(o.table) - 1)
		if n := o.table[at]; n == 0 || o.held[n].id == id {
			return at
		}
	}
}

// grow makes room in the table, or the first one.
func (o *objects) grow() {
	if o.table == nil {
		o.held, o.table, o.mix, o.shift = make([]object, 1, 32), make([]uint32, 32), rand.Uint64()|1, 64-5
		return
	}
	o.table = make([]uint32, 4*len(o.table))
	o.shift -= 2
	for n := 1; n < len(o.held); n++ {
		o.table[o.find(o.held[n].id)] = uint32(n)
	}
}

// digits is how many those of the counts are, in all lines; one has a "0" for
// each of the lines without an object.
func (o *objects) digits(lines int) int {
	n := 0
	for _, h := range o.held {
		n += int(h.count) * decimals(h.count)
		lines -= int(h.count)
	}
	return n + lines
}

func decimals(n uint32) (digits int) {
	for digits = 1; n >= 10; n /= 10 {
		digits++
	}
	return digits
}
