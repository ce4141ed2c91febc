package main

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/moby/sys/mountinfo"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

// Completion runs while somebody types: it mounts nothing, says nothing rather
// than wait, and has bounds to what it lists.
const (
	completionTime  = time.Second // for what may lie on a file system that does not answer
	completionNames = 1000
	groupFileLimit  = 1 << 20 // bytes of /etc/group
)

// patiently is list's answer, or none where it takes too long, without names that
// are not plain. What hangs then ends with this process, which has nothing else
// to do.
func patiently(list func() []string) []string {
	answer := make(chan []string, 1)
	go func() { answer <- list() }()
	select {
	case names := <-answer:
		return slices.DeleteFunc(names, func(name string) bool { return !plain(name) })
	case <-time.After(completionTime):
		return nil
	}
}

// plain names mean themselves in every shell. Others are not offered: anybody
// can make directories, mounts and files, and scripts for completion quote here
// and evaluate there.
func plain(name string) bool {
	return name != "" && strings.IndexFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("/._+@%:,-", r)
	}) < 0
}

// completeMount completes [SOURCE] MOUNTPOINT. While the word may still become
// a command, which cobra offers, the shell cannot be asked for directories as
// well; then those of the working directory are listed here.
func completeMount(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	switch {
	case len(args) >= 2:
		return nil, cobra.ShellCompDirectiveNoFileComp
	case len(args) > 0 || cmd.Flags().NFlag() > 0 || !beginsCommand(cmd, word):
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	return patiently(func() []string { return directoriesHere(word) }), cobra.ShellCompDirectiveNoFileComp
}

func beginsCommand(cmd *cobra.Command, word string) bool {
	return slices.ContainsFunc(cmd.Commands(), func(c *cobra.Command) bool {
		return !c.Hidden && strings.HasPrefix(c.Name(), word)
	})
}

func directoriesHere(word string) (names []string) {
	for _, e := range entries(".") {
		hidden := word == "" && strings.HasPrefix(e.Name(), ".")
		if e.IsDir() && !hidden && strings.HasPrefix(e.Name(), word) && len(names) < completionNames {
			names = append(names, e.Name()+"/")
		}
	}
	return names
}

// entries of a directory, sorted; what cannot be read has none. Nothing in it
// is touched.
func entries(dir string) []os.DirEntry {
	list, _ := os.ReadDir(dir)
	return list
}

// completeCommand completes COMMAND as a shell does, and leaves what follows it
// to the shell, which knows files.
func completeCommand(_ *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	switch {
	case len(args) > 0 || strings.Contains(word, "/"):
		return nil, cobra.ShellCompDirectiveDefault
	case word == "": // all there are help nobody
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return patiently(func() []string { return commandsOf(searchPath(), word) }), cobra.ShellCompDirectiveNoFileComp
}

// commandsOf are the programs in path whose names begin with word.
func commandsOf(path, word string) (names []string) {
	for _, dir := range filepath.SplitList(path) {
		if dir == "" {
			dir = "."
		}
		for _, e := range entries(dir) {
			if strings.HasPrefix(e.Name(), word) && executable(filepath.Join(dir, e.Name())) {
				names = append(names, e.Name())
			}
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return names[:min(len(names), completionNames)]
}

func executable(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular() && unix.Access(file, unix.X_OK) == nil
}

// completeOptions completes the last of a list of mount options, knowing those
// before it, in this -o and in earlier ones. A comma may follow, so no blank does.
func completeOptions(cmd *cobra.Command, _ []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	const directive = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	cut := lastComma(word) + 1
	before, item := word[:cut], word[cut:]
	earlier, _ := cmd.Flags().GetStringArray("options")
	left := optionsLeft(splitOptions(strings.Join(append(earlier, before), ",")))
	name, value, valued := strings.Cut(item, "=")
	var list []cobra.Completion
	for _, d := range left {
		switch {
		case !valued:
			list = append(list, d.completions(before, item)...)
		case d.has(name):
			list = append(list, d.values(before+name+"=", value)...)
		}
	}
	return list, directive
}

// lastComma is where the last comma stands that splitOptions cuts at, or -1.
func lastComma(list string) int {
	last := -1
	for i := 0; i < len(list); i++ {
		switch list[i] {
		case '\\':
			i++
		case ',':
			last = i
		}
	}
	return last
}

// optionsLeft are the options that nothing has been said about.
func optionsLeft(items []string) []optionDoc {
	return slices.DeleteFunc(optionDocs(), func(d optionDoc) bool {
		return d.ByMount || slices.ContainsFunc(items, func(item string) bool {
			name, _, _ := strings.Cut(item, "=")
			return d.has(name)
		})
	})
}

// completions of a name, or of the beginning of one.
func (d optionDoc) completions(before, begun string) (list []cobra.Completion) {
	brief, _, _ := strings.Cut(d.Brief, ":")
	for _, name := range d.Names {
		if !strings.HasPrefix(name, begun) {
			continue
		}
		if d.Arg != "" {
			name += "="
		}
		list = append(list, cobra.CompletionWithDesc(before+name, brief))
	}
	return list
}

func (d optionDoc) values(before, begun string) (list []cobra.Completion) {
	values := d.Values
	if d.complete != nil {
		values = patiently(d.complete)
	}
	for _, value := range values {
		if value = escapeOption(value); strings.HasPrefix(value, begun) && len(list) < completionNames {
			list = append(list, before+value)
		}
	}
	return list
}

// groupNames are the groups in /etc/group, where the parser looks them up too.
func groupNames() (names []string) {
	file, err := os.Open("/etc/group")
	if err != nil {
		return nil
	}
	defer file.Close()
	for lines := bufio.NewScanner(io.LimitReader(file, groupFileLimit)); lines.Scan(); {
		if name, _, ok := strings.Cut(lines.Text(), ":"); ok && name != "" && name[0] != '#' {
			names = append(names, name)
		}
	}
	return names
}

// procMounts are where a Linux procfs is mounted.
func procMounts() []string {
	return mounted(func(m *mountinfo.Info) bool { return m.FSType == "proc" })
}

// ourMounts are where procfsd is mounted, by who asks or by root: the types of
// mounts that others may make are what they like.
func ourMounts() []string {
	return mounted(func(m *mountinfo.Info) bool {
		return m.FSType == "fuse.procfsd" && (mountedBy(m, os.Geteuid()) || mountedBy(m, 0))
	})
}

// mounted are mountpoints by the mount table: nothing is asked of the mounts
// themselves, some of which may be dead.
func mounted(wanted func(*mountinfo.Info) bool) []string {
	table, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil // no Linux /proc
	}
	defer table.Close()
	return mountpoints(table, wanted)
}

// mountpoints finds in a table where whole file systems are mounted.
func mountpoints(table io.Reader, wanted func(*mountinfo.Info) bool) (dirs []string) {
	list, err := mountinfo.GetMountsFromReader(table, nil)
	if err != nil {
		return nil
	}
	for _, m := range list {
		if m.Root == "/" && wanted(m) {
			dirs = append(dirs, m.Mountpoint)
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// completeMounted completes a MOUNTPOINT that is one of ours already.
func completeMounted(_ *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ours := patiently(ourMounts)
	return slices.DeleteFunc(ours, func(dir string) bool { return !strings.HasPrefix(dir, word) }), cobra.ShellCompDirectiveNoFileComp
}
