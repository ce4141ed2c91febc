package render

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// registerSet is a register set whatever its type: its size, the ranges of its
// padding, and how to run its functions.
type registerSet struct {
	name    string
	size    int
	padding [][2]int // from, to
	run     func(present []byte, writes ...[]byte) (image []byte, taken []int)
	allocs  func(t *testing.T)
	again   func(present []byte) error
}

// set makes a registerSet of a type's two functions.
func set[T comparable](size int, appendTo func([]byte, *T) []byte, overlay func(*T, []byte) int, padding ...[2]int) registerSet {
	make := func(present []byte) (r T) {
		overlay(&r, present)
		return r
	}
	return registerSet{
		name: fmt.Sprintf("%T", *new(T)), size: size, padding: padding,
		run: func(present []byte, writes ...[]byte) (image []byte, taken []int) {
			r := make(present)
			for _, data := range writes {
				taken = append(taken, overlay(&r, data))
			}
			return appendTo(nil, &r), taken
		},
		again: func(present []byte) error { // overlay(append(x)) = x
			x := make(present)
			y := make(appendTo(nil, &x))
			if x != y {
				return fmt.Errorf("%v became %v", x, y)
			}
			return nil
		},
		allocs: func(t *testing.T) {
			r := make(noise(size))
			noAllocs(t, func(dst []byte) []byte { return appendTo(dst, &r) })
		},
	}
}

// registerSets are all of them, with the sizes and padding of the specification.
func registerSets() []registerSet {
	var slots, points [][2]int
	for i := range 8 {
		slots = append(slots, [2]int{32 + 16*i + 10, 32 + 16*i + 16})
	}
	for i := range 32 {
		points = append(points, [2]int{8 + 16*i + 12, 8 + 16*i + 16})
	}
	return []registerSet{
		set(176, AppendRegAMD64, OverlayRegAMD64),
		set(512, AppendFPRegAMD64, OverlayFPRegAMD64, append(slots, [2]int{416, 512})...),
		set(128, AppendDBRegAMD64, OverlayDBRegAMD64),
		set(76, AppendRegI386, OverlayRegI386),
		set(176, AppendFPRegI386, OverlayFPRegI386, [2]int{2, 4}, [2]int{6, 8}, [2]int{10, 12}, [2]int{26, 28}, [2]int{112, 176}),
		set(32, AppendDBRegI386, OverlayDBRegI386),
		set(272, AppendRegARM64, OverlayRegARM64),
		set(528, AppendFPRegARM64, OverlayFPRegARM64, [2]int{520, 528}),
		set(520, AppendDBRegARM64, OverlayDBRegARM64, append(points, [2]int{3, 8})...),
		set(68, AppendRegARM, OverlayRegARM),
		set(4, AppendFPRegARM, OverlayFPRegARM),
		set(4, AppendDBRegARM, OverlayDBRegARM),
	}
}

// zeroPadding is image with zeros where the set has padding.
func (s *registerSet) zeroPadding(image []byte) []byte {
	image = bytes.Clone(image)
	for _, p := range s.padding {
		clear(image[p[0]:p[1]])
	}
	return image
}

// noise is n bytes of which no eight in a row come twice, and none is zero.
func noise(n int) []byte {
	source := rand.New(rand.NewPCG(1, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(1 + source.IntN(255))
	}
	return b
}

func TestLayoutSizes(t *testing.T) {
	exported := []int{
		RegAMD64Size, FPRegAMD64Size, DBRegAMD64Size, RegI386Size, FPRegI386Size, DBRegI386Size,
		RegARM64Size, FPRegARM64Size, DBRegARM64Size, RegARMSize, FPRegARMSize, DBRegARMSize,
	}
	for i, s := range registerSets() {
		image, _ := s.run(nil)
		if len(image) != s.size || exported[i] != s.size || s.size > maxLayout {
			t.Errorf("%s has %d bytes, says %d, want %d", s.name, len(image), exported[i], s.size)
		}
		if !bytes.Equal(image, make([]byte, s.size)) {
			t.Errorf("%s: the zero value is %x", s.name, image)
		}
	}
}

// Every length of a write, from none to more than there is.
func TestOverlayPartial(t *testing.T) {
	for _, s := range registerSets() {
		present, data := noise(s.size), bytes.Repeat([]byte{0xa5}, s.size+9)
		for n := range len(data) + 1 {
			checkOverlay(t, s, present, data[:n])
		}
	}
}

// checkOverlay holds for every set and every write to it.
func checkOverlay(t *testing.T, s registerSet, present, data []byte) {
	t.Helper()
	want := make([]byte, s.size)
	copy(want, present)
	copy(want, data)
	want = s.zeroPadding(want)
	given := bytes.Clone(data)
	image, taken := s.run(present, data)
	if n := min(len(data), s.size); taken[0] != n {
		t.Fatalf("%s took %d of %d bytes, want %d", s.name, taken[0], len(data), n)
	}
	if !bytes.Equal(image, want) {
		t.Fatalf("%s, %d bytes over it:\ngot  %x\nwant %x", s.name, len(data), image, want)
	}
	if !bytes.Equal(data, given) {
		t.Fatalf("%s changed what was written", s.name)
	}
	if twice, _ := s.run(present, data, data); !bytes.Equal(twice, image) {
		t.Fatalf("%s: the same write again changed %x into %x", s.name, image, twice)
	}
	if err := s.again(image); err != nil {
		t.Fatal(err)
	}
}

func TestAppendLayoutAllocs(t *testing.T) {
	for _, s := range registerSets() {
		t.Run(s.name, s.allocs)
	}
}

func FuzzOverlay(f *testing.F) {
	f.Add([]byte{}, []byte{})
	f.Add(noise(600), []byte("\x01"))
	f.Add(noise(76), noise(177))
	f.Add(bytes.Repeat([]byte{0xff}, 528), make([]byte, 171))
	f.Fuzz(func(t *testing.T, present, data []byte) {
		for _, s := range registerSets() {
			checkOverlay(t, s, present, data)
		}
	})
}
