package provider

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestTTYNamePseudo(t *testing.T) {
	for want, number := range map[string][2]uint32{
		"":            {0, 0},
		"pts/0":       {136, 0},
		"pts/255":     {136, 255},
		"pts/256":     {137, 0},
		"pts/2047":    {143, 255},
		"pts/1048575": {136, 1<<20 - 1},
	} {
		if got := TTYName(number[0], number[1]); got != want {
			t.Errorf("%v: %q, want %q", number, got, want)
		}
	}
	for _, number := range [][2]uint32{{0, 77}, {144, 200}, {1 << 30, 1}, {^uint32(0), ^uint32(0)}} {
		leaksNothing(t, "TTYName", func() {
			if got := TTYName(number[0], number[1]); got != "" {
				t.Errorf("%v: %q", number, got)
			}
		})
	}
}

// Every other terminal by the number of its own device file.
func TestTTYNameOfDevices(t *testing.T) {
	all, _ := filepath.Glob("/dev/tty*")
	found := 0
	for _, path := range all {
		var st unix.Stat_t
		if unix.Stat(path, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFCHR {
			continue
		}
		major, minor := unix.Major(st.Rdev), unix.Minor(st.Rdev)
		if _, err := os.Stat("/sys/dev/char"); err != nil {
			cannot(t, "no sysfs")
		}
		if got := TTYName(major, minor); got != filepath.Base(path) {
			t.Errorf("%s (%d:%d): %q", path, major, minor, got)
		}
		found++
	}
	if found == 0 {
		cannot(t, "no terminals here")
	}
}
