package nodes

import "github.com/procfsd/procfsd/render"

// Classes without a row.
const (
	ClassRoot      = 2
	ClassDirectory = 5 // a process
)

// rootRows are the nodes beside the process directories, in listing order.
var rootRows = []Row{
	{Name: "curproc", Class: 3, Kind: Link, Mode: 0o444, Read: curproc},
	{Name: "self", Class: 4, Kind: Link, Mode: 0o444, Read: curproc},
	{Name: "status", Class: 20, Kind: Text, Mode: 0o444, MayBlock: true, Fill: statusTable},
}

// processRows are the nodes of a process directory, in FreeBSD's order. The
// classes are its file numbers.
var processRows = []Row{
	{Name: "cmdline", Class: 6, Kind: Text, Mode: 0o444, MayBlock: true, Fill: fillCmdline},
	{Name: "dbregs", Class: 7, Kind: Stream, Mode: 0o600, MayBlock: true, Visible: canDebug, Open: openRegisters(dbregs())},
	{Name: "etype", Class: 8, Kind: Text, Mode: 0o444, MayBlock: true, Fill: fill(etype, appendEtype)},
	{Name: "fpregs", Class: 9, Kind: Stream, Mode: 0o600, MayBlock: true, Visible: canDebug, Open: openRegisters(fpregs())},
	{Name: "map", Class: 10, Kind: Text, Mode: 0o444, MayBlock: true, Visible: notSystem, Open: openMap, Fill: fillMap},
	{Name: "mem", Class: 11, Kind: Stream, Mode: 0o600, MayBlock: true, Visible: canDebug, Open: openMem},
	{Name: "note", Class: 12, Kind: Text, Mode: 0o200, Visible: canDebug, Open: openNote, Store: store(render.ParseNote, post)},
	{Name: "notepg", Class: 13, Kind: Text, Mode: 0o200, Visible: canDebug, Open: openNote, Store: store(render.ParseNote, postGroup)},
	{Name: "regs", Class: 14, Kind: Stream, Mode: 0o600, MayBlock: true, Visible: canDebug, Open: openRegisters(regs())},
	{Name: "rlimit", Class: 15, Kind: Text, Mode: 0o444, Fill: fillRlimit},
	{Name: "status", Class: 16, Kind: Text, Mode: 0o444, Stats: true, Fill: fillStatus},
	{Name: "osrel", Class: 17, Kind: Text, Mode: 0o600, MayBlock: true, Visible: canDebug, Open: openDebug, Fill: fill(osrel, render.AppendOsrel), Store: store(render.ParseOsrel, setOsrel)},
	{Name: "file", Class: 18, Kind: Link, Mode: 0o444, MayBlock: true, Visible: notSystem, Read: file},
	{Name: "exe", Class: 19, Kind: Link, Mode: 0o444, MayBlock: true, Visible: notSystem, Read: file},
}

// RootRows are the nodes beside the process directories, in listing order.
func RootRows() []Row { return rootRows }

// ProcessRows are the nodes of a process directory, in listing order.
func ProcessRows() []Row { return processRows }

// ByName finds a row, or nil.
func ByName(rows []Row, name string) *Row {
	for i := range rows {
		if rows[i].Name == name {
			return &rows[i]
		}
	}
	return nil
}

// ByClass finds a row, or nil.
func ByClass(rows []Row, class uint8) *Row {
	for i := range rows {
		if rows[i].Class == class {
			return &rows[i]
		}
	}
	return nil
}
