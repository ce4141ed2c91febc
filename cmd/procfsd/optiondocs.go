package main

import (
	"fmt"
	"slices"
	"strings"
)

// optionDoc is what people are told about one mount option, or about a few that
// say the same thing or its opposite. Help, completion and the manual are made
// of these; what an option does is in knownOptions.
type optionDoc struct {
	Names  []string
	Arg    string   // stands behind the "=", in capitals; "" for a flag
	Values []string // the words that may, where they are few
	Brief  string   // in a few words; those before a colon are enough for completion
	Manual string   // in whole sentences, as mdoc(7)

	// ByMount marks what only mount(8) says to its helper.
	ByMount bool

	complete func() []string // the values that this machine has; nil for Values
}

func (d optionDoc) has(name string) bool { return slices.Contains(d.Names, name) }

// optionDocs are in the order in which people shall read them.
func optionDocs() []optionDoc {
	return slices.Concat(rightsDocs(), tableDocs(), contentDocs())
}

// rightsDocs are about who may do what.
func rightsDocs() []optionDoc {
	return []optionDoc{
		{
			Names: []string{"allow_other", "noallow_other"},
			Brief: "open to all users (default for root) or not",
			Manual: `Let all users in, or only the one who mounts.
Root's mounts are open unless this says otherwise: a procfs is for everyone,
and what each caller sees is decided by his own rights.`,
		},
		{
			Names: []string{"ro", "rw"},
			Brief: "refuse writes, or not",
			Manual: `Refuse every write with
.Er EROFS ,
or let them through to be decided one by one, which is the default.`,
		},
		{
			Names: []string{"hidepid"}, Arg: "MODE", Values: []string{"off", "noaccess", "invisible", "ptraceable"},
			Brief: "hide processes that the caller could not trace: off, noaccess, invisible, ptraceable (0, 1, 2, 4), as proc(5)",
			Manual: `Hide from callers the processes that they could not trace, as the option
of the same name in
.Xr proc 5 .
.Cm off Pq 0
hides nothing,
.Cm noaccess Pq 1
refuses what is in their directories,
.Cm invisible Pq 2
hides the directories too, and
.Cm ptraceable Pq 4
does so even from the group of
.Cm gid .`,
		},
		{
			Names: []string{"gid"}, Arg: "GROUP", complete: groupNames,
			Brief: "the group that hidepid does not concern",
			Manual: `Spare the members of this group, a name or a number, from
.Cm hidepid .`,
		},
	}
}

// tableDocs are about what the mount table shows.
func tableDocs() []optionDoc {
	return []optionDoc{
		{
			Names: []string{"source", "fsname"}, Arg: "NAME",
			Brief: "the source that /proc/mounts shows",
			Manual: `The source that
.Pa /proc/mounts
shows, in place of the argument
.Ar source .`,
		},
		{
			Names: []string{"subtype"}, Arg: "NAME",
			Brief: "the type that /proc/mounts shows is fuse.NAME",
			Manual: `Show the type
.Sm off
.Li fuse. Ar name
.Sm on
in
.Pa /proc/mounts
instead of
.Li fuse.procfsd .`,
		},
	}
}

// contentDocs are about what is shown in the tree, and the one that mount(8) says.
func contentDocs() []optionDoc {
	return []optionDoc{
		{
			Names: []string{"sample"},
			Brief: "let registers of running processes be read: this stops them for a moment; epoll_wait and a few other calls return EINTR in them then",
			Manual: `Let the registers of running processes be read, not only those of stopped
ones.
The process is stopped for that moment, and in it
.Xr epoll_wait 2 ,
.Xr semop 2 ,
.Xr semtimedop 2 ,
.Xr sigtimedwait 2 ,
.Xr io_getevents 2 ,
and
.Xr accept 2
and
.Xr recv 2
with a timeout return
.Er EINTR .`,
		},
		{
			Names: []string{"proc"}, Arg: "DIR", complete: procMounts,
			Brief: "read the procfs at DIR (a host's at /host/proc)",
			Manual: `Show the processes of the Linux procfs that is mounted on
.Ar dir ,
for example a host's at
.Pa /host/proc ,
and not those of the pid namespace that the program runs in.`,
		},
		{
			Names: []string{"remount"}, ByMount: true,
			Manual: `Given by
.Xr mount 8 ,
together with
.Cm ro
or
.Cm rw ,
to change a mount in place.
These two are all that can be changed;
for everything else unmount and mount again.`,
		},
	}
}

// Widths of the help text.
const (
	helpColumn = 31 // where explanations begin
	helpWidth  = 80
)

// optionHelp is the list of options in the help text.
func optionHelp() string {
	var b strings.Builder
	for _, d := range optionDocs() {
		if d.ByMount {
			continue
		}
		head := "  " + strings.Join(d.spellings(), ", ")
		for _, line := range wrap(d.Brief, helpWidth-helpColumn) {
			fmt.Fprintf(&b, "%-*s%s\n", helpColumn, head, line)
			head = ""
		}
	}
	return b.String()
}

// spellings are the names as people type them.
func (d optionDoc) spellings() (list []string) {
	for _, name := range d.Names {
		if d.Arg != "" {
			name += "=" + d.Arg
		}
		list = append(list, name)
	}
	return list
}

// wrap cuts text into lines of at most width characters, between words.
func wrap(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}
