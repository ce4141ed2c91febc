package tests

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/procfsd/procfsd/nodes"
	"github.com/procfsd/procfsd/render"
)

// subsection is what procfs(5) has under a heading of its description.
func subsection(t *testing.T, title string) string {
	t.Helper()
	_, text, ok := strings.Cut(readPage(t, pages[0]), "\n.Ss "+title+"\n")
	if !ok {
		t.Fatalf("procfs(5) has no %q", title)
	}
	return "\n" + regexp.MustCompile(`(?m)^\.S[sh] `).Split(text, 2)[0]
}

// items are what a pattern finds at the head of items in a part of the page.
func items(part, pattern string) [][]string {
	return regexp.MustCompile(`(?m)^\.It `+pattern+`$`).FindAllStringSubmatch(part, -1)
}

// TestManualNodes: the nodes with their modes, in the order of the listing.
func TestManualNodes(t *testing.T) {
	for title, rows := range map[string][]nodes.Row{"The root": nodes.RootRows(), "The directory of a process": nodes.ProcessRows()} {
		var got, want []string
		for _, item := range items(subsection(t, title), `Pa (\w+) Ta (\d+) Ta .*`) {
			got = append(got, item[1]+" "+item[2])
		}
		for _, row := range rows {
			want = append(want, fmt.Sprintf("%s %04o", row.Name, row.Mode))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: procfs(5) has %q, the program %q", title, got, want)
		}
	}
}

// inOrder puts the words that a line has for each field of a subsection one
// behind the other, as the page numbers them.
func inOrder(t *testing.T, title string, words map[string]string) string {
	t.Helper()
	var line []string
	for i, item := range items(subsection(t, title), `(\d+) Ar ([\w-]+)`) {
		word, ok := words[item[2]]
		if !ok || item[1] != strconv.Itoa(i+1) {
			t.Errorf("%s: field %s %s is not field %d, or not known", title, item[1], item[2], i+1)
		}
		line = append(line, word)
	}
	return strings.Join(line, " ") + "\n"
}

// TestManualStatus: number and order of the fields are those of a real line.
func TestManualStatus(t *testing.T) {
	s := render.Status{
		Command: []byte(`a b\`), PID: 2, PPID: 3, PGID: 4, SID: 5, TTY: "pts/6", ControlTerminal: true, SessionLeader: true,
		Start: render.Time{Sec: 8, Usec: 5}, User: render.Time{Sec: 9}, System: render.Time{Sec: 10}, WaitChannel: render.NoChannel,
		EUID: 12, RUID: 13, RGID: 14, EGID: 15, Groups: []uint32{16}, Jail: "host",
	}
	want := inOrder(t, "status", map[string]string{
		"command": `a\040b\134`, "pid": "2", "ppid": "3", "pgid": "4", "sid": "5", "tty": "pts/6", "flags": "ctty,sldr",
		"start": "8,5", "utime": "9,0", "stime": "10,0", "wchan": "nochan", "euid": "12", "ruid": "13", "groups": "14,15,16", "jail": "host",
	})
	if got := string(render.AppendStatus(nil, &s)); got != want {
		t.Errorf("the program has %qprocfs(5) %q", got, want)
	}
}

// TestManualMap: the same of a mapping, and that every type is explained.
func TestManualMap(t *testing.T) {
	e := render.MapEntry{
		Start: 1, End: 2, Resident: 3, PrivateResident: 4, Object: 5, Access: render.AccessRead, RefCount: 7, ShadowCount: 8,
		Flags: 9, CopyOnWrite: true, NeedsCopy: true, Type: render.TypeVnode, Path: "/a b\nc", Charged: true, UID: 15,
	}
	want := inOrder(t, "map", map[string]string{
		"start": "0x1", "end": "0x2", "resident": "3", "private": "4", "object": "0x5", "access": "r--", "references": "7", "shadows": "8",
		"flags": "0x9", "copy-on-write": "COW", "needs-copy": "NC", "type": "vnode", "path": `/a b\012c`, "charged": "CH", "uid": "15",
	})
	if got := string(render.AppendMap(nil, []render.MapEntry{e})); got != want {
		t.Errorf("the program has %qprocfs(5) %q", got, want)
	}
	for kind := render.TypeNone; kind <= render.TypeUnknown; kind++ {
		if page := subsection(t, "map"); kind != render.TypeDead && !strings.Contains(page, "\n.Li "+kind.String()) {
			t.Errorf("procfs(5) does not explain the type %s", kind)
		}
	}
}

// TestManualMapFlags: the flags are those that the program has names for.
func TestManualMapFlags(t *testing.T) {
	want := []render.ObjectFlags{render.FlagFictitious, render.FlagUnmanaged, render.FlagAnon, render.FlagSwap,
		render.FlagColored, render.FlagOneMapping, render.FlagSysVShm, render.FlagPosixShm}
	var got []render.ObjectFlags
	for _, item := range items(subsection(t, "map"), `(0x\d+) Ta .*`) {
		n, err := strconv.ParseUint(item[1], 0, 32)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, render.ObjectFlags(n))
	}
	if !slices.Equal(got, want) {
		t.Errorf("procfs(5) has %#x, the program %#x", got, want)
	}
}

// TestManualRlimit: the lines by name and order.
func TestManualRlimit(t *testing.T) {
	var got, want []string
	for _, item := range items(subsection(t, "rlimit"), `Cm (\w+) Ta \w+ Ta \w+`) {
		got = append(got, item[1])
	}
	for r := render.CPU; r <= render.VMM; r++ {
		want = append(want, r.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("procfs(5) has %q, the program %q", got, want)
	}
}

// TestManualNotes: every note of procfs(5) is one.
func TestManualNotes(t *testing.T) {
	var words []string
	for line := range strings.Lines(subsection(t, "note and notepg")) {
		if names, ok := strings.CutPrefix(line, ".Li "); ok {
			words = append(words, strings.Fields(names)...)
		}
	}
	tried := 0
	for _, word := range words {
		if regexp.MustCompile(`^[a-z0-9]{2,}$`).MatchString(word) && word != "sig" && word != "and" {
			tried++
			if _, err := render.ParseNote([]byte(word)); err != nil {
				t.Error(err)
			}
		}
	}
	if tried < 30 {
		t.Errorf("%d notes: %q", tried, words)
	}
}

// registerSets are the structures behind the tables of registers.
var registerSets = map[string]struct {
	view any
	size int
}{
	"regs amd64": {render.RegAMD64{}, render.RegAMD64Size}, "regs i386": {render.RegI386{}, render.RegI386Size},
	"regs arm64": {render.RegARM64{}, render.RegARM64Size}, "regs arm": {render.RegARM{}, render.RegARMSize},
	"fpregs amd64": {nil, render.FPRegAMD64Size}, "fpregs i386": {render.FPRegI386{}, render.FPRegI386Size},
	"fpregs arm64": {render.FPRegARM64{}, render.FPRegARM64Size}, "fpregs arm": {nil, render.FPRegARMSize},
	"dbregs amd64": {render.DBRegAMD64{}, render.DBRegAMD64Size}, "dbregs i386": {render.DBRegI386{}, render.DBRegI386Size},
	"dbregs arm64": {render.DBRegARM64{}, render.DBRegARM64Size}, "dbregs arm": {nil, render.DBRegARMSize},
}

// TestManualRegisters: sizes, and of each field where it lies and how long it is.
func TestManualRegisters(t *testing.T) {
	part := subsection(t, "regs, fpregs and dbregs")
	sizes := items(part, `Pa (\w+) Ta (\d+) Ta (\d+) Ta (\d+) Ta (\d+)`)
	if len(sizes) != 3 {
		t.Fatalf("%d rows of sizes", len(sizes))
	}
	for _, row := range sizes {
		for i, machine := range []string{"amd64", "i386", "arm64", "arm"} {
			if want := registerSets[row[1]+" "+machine].size; row[2+i] != strconv.Itoa(want) {
				t.Errorf("%s on %s: procfs(5) has %s bytes, the program %d", row[1], machine, row[2+i], want)
			}
		}
	}
	shown := 0
	for piece := range strings.SplitSeq(part, "\n.It Pa ") {
		name, table, _ := strings.Cut(piece, "\n")
		set := registerSets[strings.Replace(name, " No on", "", 1)]
		if set.view == nil {
			continue
		}
		shown++
		if got, want := shownFields(t, table), fieldsOf(reflect.TypeOf(set.view)); !slices.Equal(got, want) {
			t.Errorf("%s:\nprocfs(5)   %q\nthe program %q", name, got, want)
		}
	}
	if shown != 9 {
		t.Errorf("%d tables of fields", shown)
	}
}

// shownFields are a table's, each as name@offset+size.
func shownFields(t *testing.T, table string) (list []string) {
	for _, row := range items(table, `(\d+) Ta (\d+) Ta (.*)`) {
		offset, size := atoi(t, row[1]), atoi(t, row[2])
		for name := range strings.FieldsSeq(row[3]) {
			list = append(list, fmt.Sprintf("%s@%d+%d", name, offset, size))
			count := 1
			if _, inner, ok := strings.Cut(name, "["); ok {
				count = atoi(t, strings.TrimSuffix(inner, "]"))
			}
			offset += count * size
		}
	}
	return list
}

// fieldsOf are a structure's, in the same form; the structures have no gaps.
func fieldsOf(view reflect.Type) (list []string) {
	offset := 0
	for i := range view.NumField() {
		f := view.Field(i)
		name, element := strings.ToLower(f.Name), f.Type
		if f.Type.Kind() == reflect.Array {
			name, element = fmt.Sprintf("%s[%d]", name, f.Type.Len()), f.Type.Elem()
		}
		if f.Name != "_" {
			list = append(list, fmt.Sprintf("%s@%d+%d", name, offset, element.Size()))
		}
		offset += int(f.Type.Size())
	}
	return list
}
