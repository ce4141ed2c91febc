package provider

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// OpenFlags are the flags of an open file, as for open(2), in the encoding of
// the architecture that this program is built for.
type OpenFlags uint32

// openFlags reads an octal number.
func openFlags(b []byte) (OpenFlags, bool) {
	b = b[skipBlanks(b, 0):]
	v, n := octal(b)
	return OpenFlags(v), n > 0 && n == len(b)
}

// Access is unix.O_RDONLY, O_WRONLY or O_RDWR. (3, which open(2) knows too, is
// for ioctl(2) only.) It means nothing with O_PATH.
func (f OpenFlags) Access() int { return int(f) & unix.O_ACCMODE }

// Has reports whether all bits of a flag such as unix.O_APPEND are set.
func (f OpenFlags) Has(flag int) bool { return int(f)&flag == flag }

// String names the flags as open(2) does: "O_RDWR|O_CLOEXEC". Bits
// without a name come last, as one octal number.
func (f OpenFlags) String() string {
	names := [...]string{unix.O_RDONLY: "O_RDONLY", unix.O_WRONLY: "O_WRONLY", unix.O_RDWR: "O_RDWR", 3: "3"}
	var b strings.Builder
	b.WriteString(names[f&unix.O_ACCMODE])
	rest := f &^ unix.O_ACCMODE
	for _, flag := range openFlagNames() {
		if rest&flag.bits == flag.bits {
			b.WriteString("|" + flag.name)
			rest &^= flag.bits
		}
	}
	if rest != 0 {
		b.WriteString("|0" + strconv.FormatUint(uint64(rest), 8))
	}
	return b.String()
}

type openFlagName struct {
	bits OpenFlags
	name string
}

// openFlagNames begins with those that contain others.
func openFlagNames() [17]openFlagName {
	return [...]openFlagName{
		{unix.O_TMPFILE, "O_TMPFILE"}, // with O_DIRECTORY
		{unix.O_SYNC, "O_SYNC"},       // with O_DSYNC
		{unix.O_CREAT, "O_CREAT"},
		{unix.O_EXCL, "O_EXCL"},
		{unix.O_NOCTTY, "O_NOCTTY"},
		{unix.O_TRUNC, "O_TRUNC"},
		{unix.O_APPEND, "O_APPEND"},
		{unix.O_NONBLOCK, "O_NONBLOCK"},
		{unix.O_DSYNC, "O_DSYNC"},
		{unix.O_ASYNC, "O_ASYNC"},
		{unix.O_DIRECT, "O_DIRECT"},
		{openLargefile, "O_LARGEFILE"},
		{unix.O_DIRECTORY, "O_DIRECTORY"},
		{unix.O_NOFOLLOW, "O_NOFOLLOW"},
		{unix.O_NOATIME, "O_NOATIME"},
		{unix.O_CLOEXEC, "O_CLOEXEC"},
		{unix.O_PATH, "O_PATH"},
	}
}
