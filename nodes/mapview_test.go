package nodes

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/procfsd/procfsd/provider"
	"github.com/procfsd/procfsd/render"
)

// smap is one entry of smaps: its head, sizes as "Rss 2 Anonymous 1" in pages,
// and its VmFlags.
func smap(head, sizes, flags string) string {
	text := head + "\n"
	has := map[string]string{"Size": "1", "Rss": "0", "Private_Dirty": "0"}
	order := []string{"Size", "Rss", "Private_Dirty"}
	words := strings.Fields(sizes)
	for i := 0; i+1 < len(words); i += 2 {
		if _, ok := has[words[i]]; !ok {
			order = append(order, words[i])
		}
		has[words[i]] = words[i+1]
	}
	for _, key := range order {
		pages := 0
		fmt.Sscan(has[key], &pages)
		text += fmt.Sprintf("%-16s%8d kB\n", key+":", pages*os.Getpagesize()/1024)
	}
	return text + "VmFlags: " + flags + "\n"
}

// view makes the map of a smaps text. Object ids are the space and the number,
// as far as they fit.
func view(t *testing.T, text string) []render.MapEntry {
	t.Helper()
	v := mapView{
		objectID: func(space, number uint64) uint64 { return space>>62<<36 | space&0xff<<24 | number&0xffffff },
		image:    ID{PID: 0, Start: 0},
		uid:      1000,
		named:    func(m *provider.Mapping) bool { return string(m.Path) == "/srv/really (deleted)" },
	}
	return v.all(t, text)
}

// all translates a smaps text, and counts for each object the mappings that
// hold it. The lines must be those of the map.
func (v *mapView) all(t *testing.T, text string) []render.MapEntry {
	t.Helper()
	lines := mapLines{reserve: func(int) error { return nil }}
	count := map[uint64]int{0: 0}
	var entries []render.MapEntry
	for _, m := range parseSmaps(t, text) {
		var e render.MapEntry
		v.translate(&m, &e)
		entries = append(entries, e)
		if e.Object != 0 {
			count[e.Object]++
		}
		if err := lines.add(&e); err != nil {
			t.Fatal(err)
		}
	}
	for i := range entries {
		entries[i].RefCount = count[entries[i].Object]
	}
	if got, want := string(lines.appendTo(nil)), string(render.AppendMap(nil, entries)); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	return entries
}

// TestMapEntry is procfs5.md 6.4, case by case.
func TestMapEntry(t *testing.T) {
	const range_ = "10000-11000 "
	const anon, file = "00000000 00:00 0 ", "00000000 08:01 77 "
	for _, test := range []struct{ name, head, sizes, flags, want string }{
		// what the kernel lends, by name first
		{"vdso", "r-xp " + anon + "[vdso]", "Rss 1 Shared_Clean 1", "rd ex mr mw me de",
			"1 0 A r-x 1 0 0x0 NCOW NNC phys - NCH -1"},
		{"vvar has a device's flags", "r--p " + anon + "[vvar]", "", "rd mr pf io de dd",
			"0 0 A r-- 1 0 0x3 NCOW NNC phys - NCH -1"},
		{"vvar_vclock", "r--p " + anon + "[vvar_vclock]", "", "rd mr pf io de dd",
			"0 0 A r-- 1 0 0x3 NCOW NNC phys - NCH -1"},
		{"vsyscall", "--xp " + anon + "[vsyscall]", "", "ex",
			"0 0 A --x 1 0 0x0 NCOW NNC phys - NCH -1"},
		{"uprobes", "--xp " + anon + "[uprobes]", "Rss 1", "ex de dc",
			"1 0 A --x 1 0 0x0 NCOW NNC phys - NCH -1"},

		// devices
		{"a device's pages", "rw-s 00000000 00:06 9 /dev/dri/card0", "", "rd wr sh pf io",
			"0 0 F9 rw- 1 0 0x3 NCOW NNC device /dev/dri/card0 NCH -1"},
		{"io alone, name elsewhere", "rw-s 00000000 08:01 77 /srv/pci/resource0", "", "rd wr sh io",
			"0 0 F77 rw- 1 0 0x3 NCOW NNC device /srv/pci/resource0 NCH -1"},
		{"pages of a device without a name", "rw-s " + anon, "", "rd wr sh pf",
			"0 0 A rw- 1 0 0x3 NCOW NNC device - NCH -1"},
		{"a character device with ordinary pages", "rw-s 00000000 00:06 9 /dev/snd/pcm", "Rss 1 Shared_Dirty 1", "rd wr sh",
			"1 0 F9 rw- 1 0 0x0 NCOW NNC device /dev/snd/pcm NCH -1"},
		{"what resembles a device's flags is not", "rw-p " + anon, "Rss 1 Private_Dirty 1 Anonymous 1", "rd wr mr mw me ac sd",
			"1 1 A rw- 1 0 0x2210 NCOW NNC swap - CH 1000"},

		// shared memory without a file system
		{"SysV", "rw-s 00000000 00:01 0 /SYSV00c0ffee (deleted)", "Rss 1 Shared_Dirty 1", "rd wr sh",
			"1 0 S0 rw- 1 0 0x10200 NCOW NNC swap - NCH -1"},
		{"SysV, private key", "rw-s 00000000 00:01 5 /SYSV00000000 (deleted)", "", "rd wr sh",
			"0 0 S5 rw- 1 0 0x10200 NCOW NNC swap - NCH -1"},
		{"a file named like it, not deleted", "rw-s " + file + "/SYSV00000000", "", "rd wr sh",
			"0 0 F77 rw- 1 0 0x1000 NCOW NNC vnode /SYSV00000000 NCH -1"},
		{"a file named nearly like it", "rw-s " + file + "/SYSV0000000g (deleted)", "", "rd wr sh",
			"0 0 F77 rw- 1 0 0x1000 NCOW NNC vnode - NCH -1"},
		{"memfd", "rw-s 00000000 00:01 5 /memfd:a b (deleted)", "Rss 2 Private_Dirty 2", "rd wr sh",
			"2 2 F5 rw- 1 0 0x200 NCOW NNC swap - NCH -1"},
		{"memfd that calls itself SysV", "rw-s 00000000 00:01 5 /memfd:/SYSV00000000 (deleted)", "", "rd wr sh",
			"0 0 F5 rw- 1 0 0x200 NCOW NNC swap - NCH -1"},
		{"memfd, private", "rw-p 00000000 00:01 5 /memfd:x (deleted)", "Rss 1 Shared_Clean 1", "rd wr ac",
			"1 0 F5 rw- 1 0 0x200 COW NC swap - CH 1000"},
		{"memfd, private, written", "rw-p 00000000 00:01 5 /memfd:x (deleted)", "Rss 1 Private_Dirty 1 Anonymous 1", "rd wr ac",
			"1 1 F5 rw- 1 1 0x200 COW NNC swap - CH 1000"},
		{"shared anonymous", "rw-s 00000000 00:01 4 /dev/zero (deleted)", "Rss 1 Private_Dirty 1", "rd wr sh",
			"1 1 F4 rw- 1 0 0x200 NCOW NNC swap - NCH -1"},
		{"shared anonymous, named", "rw-s 00000000 00:01 4 [anon_shmem:jit]", "Rss 1", "rd wr sh",
			"1 0 F4 rw- 1 0 0x200 NCOW NNC swap - NCH -1"},
		{"/dev/zero itself", "rw-p 00000000 00:06 5 /dev/zero", "", "rd wr",
			"0 0 F5 rw- 1 0 0x0 NCOW NNC device /dev/zero NCH -1"},

		// files
		{"text", "r-xp " + file + "/bin/sh", "Rss 8 Shared_Clean 8", "rd ex",
			"8 0 F77 r-x 1 0 0x1000 COW NC vnode /bin/sh NCH -1"},
		{"relro", "r--p " + file + "/bin/sh", "Rss 2 Private_Dirty 2 Anonymous 2", "rd ac",
			"2 2 F77 r-- 1 1 0x1000 COW NNC vnode /bin/sh CH 1000"},
		{"copied pages swapped out", "rw-p " + file + "/bin/sh", "Swap 1", "rd wr ac",
			"0 0 F77 rw- 1 1 0x1000 COW NNC vnode /bin/sh CH 1000"},
		{"shared file", "rw-s " + file + "/srv/db", "Rss 3 Private_Clean 1 Private_Dirty 1", "rd wr sh",
			"3 2 F77 rw- 1 0 0x1000 NCOW NNC vnode /srv/db NCH -1"},
		{"deleted", "r--p " + file + "/srv/db (deleted)", "", "rd",
			"0 0 F77 r-- 1 0 0x1000 COW NC vnode - NCH -1"},
		{"really named so", "r--p " + file + "/srv/really (deleted)", "", "rd",
			"0 0 F77 r-- 1 0 0x1000 COW NC vnode /srv/really (deleted) NCH -1"},
		{"blanks", "r--p " + file + "/srv/a  b ", "", "rd",
			"0 0 F77 r-- 1 0 0x1000 COW NC vnode /srv/a  b  NCH -1"},
		{"newline, as Linux writes it", `r--p ` + file + `/srv/a\012b`, "", "rd",
			`0 0 F77 r-- 1 0 0x1000 COW NC vnode /srv/a\012b NCH -1`},
		{"not UTF-8", "r--p " + file + "/srv/\xff", "", "rd",
			"0 0 F77 r-- 1 0 0x1000 COW NC vnode /srv/\xff NCH -1"},
		{"POSIX shared memory", "rw-s 00000000 00:1b 2 /dev/shm/x", "", "rd wr sh",
			"0 0 F2 rw- 1 0 0x21000 NCOW NNC vnode /dev/shm/x NCH -1"},
		{"POSIX shared memory, deleted", "rw-s 00000000 00:1b 2 /dev/shm/x (deleted)", "", "rd wr sh",
			"0 0 F2 rw- 1 0 0x21000 NCOW NNC vnode - NCH -1"},
		{"hugetlbfs", "rw-s 00000000 00:0f 3 /dev/hugepages/x", "Shared_Hugetlb 512 Private_Hugetlb 1024", "rd wr sh ht",
			"1536 1024 F3 rw- 1 0 0x1000 NCOW NNC vnode /dev/hugepages/x NCH -1"},
		{"anonymous huge pages", "rw-p 00000000 00:0f 3 /anon_hugepage (deleted)", "Private_Hugetlb 512", "rd wr ht",
			"512 512 F3 rw- 1 0 0x1000 COW NC vnode - NCH -1"},

		// anonymous memory
		{"never touched", "rw-p " + anon, "", "rd wr mr mw me ac",
			"0 0 - rw- 0 0 0x0 NCOW NNC none - CH 1000"},
		{"never touched, named", "---p " + anon + "[anon:guard]", "", "mr mw me nr",
			"0 0 - --- 0 0 0x0 NCOW NNC none - NCH -1"},
		{"heap", "rw-p " + anon + "[heap]", "Rss 2 Private_Dirty 2 Anonymous 2", "rd wr ac",
			"2 2 A rw- 1 0 0x2210 NCOW NNC swap - CH 1000"},
		{"stack", "rw-p " + anon + "[stack]", "Rss 1 Private_Dirty 1 Anonymous 1", "rd wr gd ac",
			"1 1 A rw- 1 0 0x2210 NCOW NNC swap - CH 1000"},
		{"swapped out", "rw-p " + anon, "Swap 1", "rd wr ac",
			"0 0 A rw- 1 0 0x2210 NCOW NNC swap - CH 1000"},
		{"after fork", "rw-p " + anon, "Rss 2 Shared_Dirty 2 Anonymous 2", "rd wr ac",
			"2 0 A rw- 1 0 0x210 COW NC swap - CH 1000"},
		{"after fork, partly written", "rw-p " + anon, "Rss 2 Shared_Clean 1 Private_Dirty 1 Anonymous 2", "rd wr ac",
			"2 1 A rw- 1 0 0x210 COW NC swap - CH 1000"},

		// the rest
		{"anon_inode", "rw-s 00000000 00:0e 12 anon_inode:[io_uring]", "Rss 1", "rd wr sh",
			"1 0 F12 rw- 1 0 0x0 NCOW NNC unknown - NCH -1"},
		{"socket", "rw-s 00000000 00:08 99 socket:[99]", "Rss 1", "rd wr sh",
			"1 0 F99 rw- 1 0 0x0 NCOW NNC unknown - NCH -1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			entries := view(t, smap(range_+test.head, test.sizes, test.flags))
			if len(entries) != 1 {
				t.Fatalf("%d entries", len(entries))
			}
			got := string(render.AppendMap(nil, entries))
			if want := "0x10000 0x11000 " + withObject(test.want) + "\n"; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// withObject puts the id in the place of the third word: A for anonymous
// memory at 0x10000, S and a segment's id, F and a file's inode. The device is
// taken from the table by its inode, which is unique there.
func withObject(want string) string {
	words := strings.SplitN(want, " ", 4)
	number := uint64(0)
	fmt.Sscan(words[2][1:], &number)
	device := map[uint64]uint64{77: 1, 9: 6, 0: 1, 5: 1, 4: 1, 2: 0x1b, 3: 0xf, 12: 0xe, 99: 8}[number]
	if words[2] == "F5" && strings.Contains(want, "/dev/zero") {
		device = 6
	}
	const base = 0xfffff8 << 40
	switch words[2][0] {
	case '-':
		words[2] = "0x0"
	case 'A':
		words[2] = fmt.Sprintf("0x%x", uint64(base)|2<<36|0x10000)
	case 'S':
		words[2] = fmt.Sprintf("0x%x", uint64(base)|1<<36|device<<24|number)
	case 'F':
		words[2] = fmt.Sprintf("0x%x", uint64(base)|device<<24|number)
	}
	return strings.Join(words, " ")
}

// TestMapObjects: equal ids, and counts, where the object is the same.
func TestMapObjects(t *testing.T) {
	entries := view(t, smap("10000-11000 r--p 00000000 08:01 77 /bin/sh", "Rss 1", "rd")+
		smap("11000-12000 r-xp 00001000 08:01 77 /bin/sh", "Rss 1", "rd ex")+
		smap("12000-13000 rw-p 00002000 08:01 77 /bin/sh", "Rss 1 Anonymous 1", "rd wr ac")+
		smap("13000-14000 r--p 00000000 08:02 77 /lib/other", "Rss 1", "rd")+
		smap("14000-15000 rw-p 00000000 00:00 0 ", "Rss 1 Anonymous 1", "rd wr ac")+
		smap("15000-16000 rw-p 00000000 00:00 0 [heap]", "Rss 1 Anonymous 1", "rd wr ac")+
		smap("16000-17000 rw-p 00000000 00:00 0 ", "", "rd wr ac")+
		smap("17000-18000 rw-p 00000000 00:00 0 ", "", "rd wr ac")+
		smap("18000-19000 rw-s 00000000 00:01 0 /SYSV00000001 (deleted)", "Rss 1", "rd wr sh")+
		smap("19000-1a000 rw-s 00000000 00:01 0 /SYSV00000001 (deleted)", "Rss 1", "rd wr sh")+
		smap("1a000-1b000 rw-s 00000000 00:01 7 /SYSV00000002 (deleted)", "Rss 1", "rd wr sh")+
		smap("1b000-1c000 rw-s 00000000 00:01 7 /memfd:seven (deleted)", "Rss 1", "rd wr sh"))
	same := map[uint64]string{}
	var got []string
	for i, e := range entries {
		name, ok := same[e.Object]
		if !ok {
			name = string(rune('a' + i))
			same[e.Object] = name
		}
		got = append(got, fmt.Sprintf("%s%d", name, e.RefCount))
	}
	if s := strings.Join(got, " "); s != "a3 a3 a3 d1 e1 f1 g0 g0 i2 i2 k1 l1" {
		t.Error(s)
	}
	if entries[6].Object != 0 {
		t.Errorf("a range never touched has an object: %#x", entries[6].Object)
	}
}

// TestMapObjectsApart: the same range of two processes, or of two images of
// one number, is not the same object; a file is.
func TestMapObjectsApart(t *testing.T) {
	text := smap("10000-11000 rw-p 00000000 00:00 0 ", "Rss 1 Anonymous 1", "rd wr ac") +
		smap("11000-12000 r--p 00000000 08:01 77 /bin/sh", "Rss 1", "rd")
	id := keyedID()
	ids := func(image ID) (anonymous, file uint64) {
		v := mapView{objectID: id, image: image}
		entries := v.all(t, text)
		return entries[0].Object, entries[1].Object
	}
	a, file := ids(ID{PID: 1, Start: 5})
	for _, other := range []ID{{PID: 2, Start: 5}, {PID: 1, Start: 6}} {
		b, again := ids(other)
		if a == b {
			t.Errorf("%v has another's anonymous memory", other)
		}
		if file != again {
			t.Errorf("%v has another file: %#x, %#x", other, file, again)
		}
	}
	if a>>40 != 0xfffff8 || file>>40 != 0xfffff8 {
		t.Errorf("%#x, %#x: not among FreeBSD's objects", a, file)
	}
	if other, _ := ids(ID{PID: 1, Start: 5}); other != a {
		t.Errorf("the id wanders: %#x, %#x", a, other)
	}
	if one, two := keyedID(), keyedID(); one(1, 2) == two(1, 2) {
		t.Error("two trees have the same key")
	}
}
