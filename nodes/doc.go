// Package nodes is the catalogue of procfsd: which nodes exist, what kind they
// are, who may see them, and how the facts of Linux translate into FreeBSD's
// view of a process.
//
// Every node is one row of the table in table.go, and the row carries its
// functions: a collector takes facts from provider and gives a view, an
// appender of render turns the view into bytes. The package must not know
// FUSE or errnos, nor do I/O of its own.
package nodes
