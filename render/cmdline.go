package render

// AppendCmdline appends cmdline: the argument strings, each with its NUL, as
// they are. No escape and no newline; a title that a process wrote over its
// arguments, with or without a NUL, passes as well.
func AppendCmdline(dst, cmdline []byte) []byte { return append(dst, cmdline...) }
