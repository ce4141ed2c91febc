package render

import "testing"

func TestAppendCmdline(t *testing.T) {
	for _, cmdline := range []string{
		"",
		"sh\x00-c\x00echo a b\n\x00",
		"sshd: root@pts/0", // a title without a NUL
		"\x00\x00",
		"caf\xe9\x00\\012\xff\x00",
	} {
		if got := string(AppendCmdline([]byte("x"), []byte(cmdline))); got != "x"+cmdline {
			t.Errorf("cmdline %q is %q", cmdline, got)
		}
	}
}

// What is appended is a copy: the caller uses its buffer again.
func TestAppendCmdlineCopies(t *testing.T) {
	for _, dst := range [][]byte{nil, {}, make([]byte, 0, 8)} {
		cmdline := []byte("sh\x00")
		got := AppendCmdline(dst, cmdline)
		cmdline[0] = 'X'
		if string(got) != "sh\x00" {
			t.Errorf("changed with the caller's buffer: %q", got)
		}
	}
}

func TestAppendCmdlineAllocs(t *testing.T) {
	cmdline := []byte("sh\x00-c\x00true\x00")
	noAllocs(t, func(dst []byte) []byte { return AppendCmdline(dst, cmdline) })
}
