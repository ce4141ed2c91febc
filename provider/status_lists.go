package provider

import (
	"math"
	"slices"
)

// Values of status lines. Each setter says whether the value was of its form.

func setInt(p *int, v []byte) bool {
	i, n := signed(v)
	*p = int(i)
	return n > 0 && n == len(v) && i >= math.MinInt32 && i <= math.MaxInt32
}

func setUint(p *uint64, v []byte) (ok bool) {
	*p, ok = uintField(v)
	return ok
}

func setSize(p *uint64, v []byte) (ok bool) {
	*p, ok = sizeField(v)
	return ok
}

func setHex[T ~uint64](p *T, v []byte) bool {
	u, ok := hexField(v)
	*p = T(u)
	return ok
}

func setBool(p *bool, v []byte) bool {
	*p = len(v) == 1 && v[0] == '1'
	return *p || len(v) == 1 && v[0] == '0'
}

// setNumbers reads numbers with blanks or tabs between, into the room of *p.
func setNumbers[T uint32 | int](p *[]T, v []byte) bool {
	*p = (*p)[:0]
	for v = v[skipBlanks(v, 0):]; len(v) > 0; v = v[skipBlanks(v, 0):] {
		u, n := decimal(v)
		if n == 0 || u > math.MaxUint32 || n < len(v) && v[n] != ' ' && v[n] != '\t' {
			return false
		}
		*p = append(*p, T(u))
		v = v[n:]
	}
	return true
}

// setWords reads a mask such as "ff,ffffffff".
func setWords(p *[]uint32, v []byte) bool {
	zeros := zeroWords(v)
	*p = slices.Grow((*p)[:0], zeros)[:zeros]
	clear(*p)
	v = v[9*zeros:]
	for {
		u, n := hexadecimal(v)
		if n == 0 || u > math.MaxUint32 {
			return false
		}
		*p = append(*p, uint32(u))
		if n == len(v) {
			return true
		}
		if v[n] != ',' {
			return false
		}
		v = v[n+1:]
	}
}

// setIntervals reads a list such as "0-3,8", which may be empty.
func setIntervals(p *[]Interval, v []byte) bool {
	*p = (*p)[:0]
	for len(v) > 0 {
		i, n := interval(v)
		if n == 0 {
			return false
		}
		*p = append(*p, i)
		if n == len(v) {
			return true
		}
		if v[n] != ',' || n+1 == len(v) {
			return false
		}
		v = v[n+1:]
	}
	return true
}

// interval reads "3" or "0-3" at the start of v and gives its length.
func interval(v []byte) (i Interval, n int) {
	first, n := decimal(v)
	last := first
	if n > 0 && n < len(v) && v[n] == '-' {
		var m int
		last, m = decimal(v[n+1:])
		if m == 0 {
			return Interval{}, 0
		}
		n += 1 + m
	}
	if n == 0 || last < first || last > math.MaxUint32 {
		return Interval{}, 0
	}
	return Interval{uint32(first), uint32(last)}, n
}

// parse reads exactly four ids.
func (i *IDs) parse(v []byte) bool {
	for k, p := range [4]*uint32{&i.Real, &i.Effective, &i.Saved, &i.FS} {
		u, n := decimal(v)
		if n == 0 || u > math.MaxUint32 {
			return false
		}
		*p = uint32(u)
		v = v[n:]
		if k == 3 {
			break
		}
		if len(v) == 0 || v[0] != '\t' {
			return false
		}
		v = v[1:]
	}
	return len(v) == 0
}

// parse reads "queued/limit".
func (q *SigQueue) parse(v []byte) bool {
	var n, m int
	q.Queued, n = decimal(v)
	if n == 0 || n == len(v) || v[n] != '/' {
		return false
	}
	q.Limit, m = decimal(v[n+1:])
	return m > 0 && n+1+m == len(v)
}
