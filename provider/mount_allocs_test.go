//go:build !race

package provider

import (
	"os"
	"testing"
)

func TestMountAllocations(t *testing.T) {
	text := ownText(t, "mountinfo")
	p := pin(t, openProc(t), os.Getpid())
	line := text[:len(text)-1]
	for i, c := range line {
		if c == '\n' {
			line = line[:i]
			break
		}
	}
	var m MountLine
	var offsets TimensOffsets
	offsetsText := []byte("monotonic           0         0\nboottime            0         0\n")
	hard := []byte(`37 36 0:1 / /a\040b ro shared:7 new - t s rw`)
	for name, c := range map[string]struct {
		fn   func()
		most float64
	}{
		"ParseMountinfo":     {func() { ParseMountinfo(text) }, 2},
		"ParseMountinfoLine": {func() { ParseMountinfoLine(line, &m); ParseMountinfoLine(hard, &m) }, 0},
		"MountLines of a text": {func() {
			for range MountLines(text) {
			}
		}, 1},
		"Mountinfo": {func() { p.Mountinfo() }, 2},
		"MountLines": {func() {
			for range p.MountLines() {
			}
		}, 1},
		"Cgroup":         {func() { p.Cgroup() }, 3},
		"TimensOffsets":  {func() { offsets.Parse(offsetsText) }, 0},
		"TimensOffsets2": {func() { p.TimensOffsets(&offsets) }, 0},
	} {
		c.fn()
		if n := testing.AllocsPerRun(100, c.fn); n > c.most {
			t.Errorf("%s: %v allocations, at most %v expected", name, n, c.most)
		}
	}
	if cap(m.unmangled)+cap(m.unknownBuf) > 200 {
		t.Errorf("room for escapes grows: %d and %d bytes", cap(m.unmangled), cap(m.unknownBuf))
	}
}
