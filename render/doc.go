// Package render knows FreeBSD's bytes: the lines of procfs(5) and, for what is
// written to its files, how they are parsed.
//
// It is a pure leaf: append functions that cannot fail over plain small
// structs. It must not know Linux, processes, clocks or FUSE; nothing here
// does I/O.
package render
