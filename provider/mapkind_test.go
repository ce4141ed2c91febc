package provider

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func kindOf(path string) MapKind { return (&Mapping{Path: []byte(path)}).Kind() }

func TestMapKind(t *testing.T) {
	for path, want := range map[string]MapKind{
		"": MapAnonymous, "/usr/bin/cat": MapPath, "/a b (deleted)": MapPath, "anon_inode:[io_uring]": MapPath, "socket:[77]": MapPath,
		"/memfd:x (deleted)": MapPath, "/dev/zero (deleted)": MapPath, "/[heap]": MapPath, " [heap]": MapPath,
		"[heap]": MapHeap, "[stack]": MapStack, "[stack:1234]": MapThreadStack, "[vdso]": MapVDSO, "[vvar]": MapVVAR,
		"[vsyscall]": MapVsyscall, "[rollup]": MapRollup, "[anon:a name]": MapAnonName, "[anon:]": MapAnonName, "[anon_shmem:x]": MapAnonName,
		"[vvar_vclock]": MapOther, "[uprobes]": MapOther, "[sigpage]": MapOther, "[": MapOther, "[]": MapOther, "[stack:": MapOther,
		"[stack:]": MapOther, "[stack:x]": MapOther, "[stack:-1]": MapOther, "[stack:99999999999]": MapOther, "[heap] ": MapOther, "[anon:x": MapOther,
		"/SYSV00c0ffee (deleted)": MapSysV, "/SYSVffffffff (deleted)": MapSysV,
	} {
		if got := kindOf(path); got != want {
			t.Errorf("%q: %s, want %s", path, got, want)
		}
	}
	m := Mapping{Path: []byte("/SYSVdeadbeef (deleted)")}
	if key, ok := m.SysVKey(); !ok || uint32(key) != 0xdeadbeef {
		t.Errorf("%x, %v", key, ok)
	}
	m.Path = []byte("[stack:1234]")
	if tid, ok := m.ThreadStack(); !ok || tid != 1234 {
		t.Errorf("%d, %v", tid, ok)
	}
	m.Path = []byte("[anon: my heap ]")
	if name, ok := m.AnonName(); !ok || string(name) != " my heap " {
		t.Errorf("%q, %v", name, ok)
	}
	for k := range mapKinds {
		if k.String() == "" || k.String() == mapKinds.String() {
			t.Errorf("%d has no name", k)
		}
	}
}

// Fault 1: what only looks like a segment is a path.
func TestFault01KindOfPathLikeSysV(t *testing.T) {
	for _, path := range []string{"/SYSV", "/SYSV1", "/SYSV (deleted)", "/SYSV1 (deleted)", "/SYSV00c0ffee", "/SYSV00c0ffe (deleted)", "/SYSV00c0ffeg (deleted)",
		"/SYSV00C0FFEE (deleted)", "/SYSV00c0ffee0 (deleted)", "/SYSV00c0ffee (deleted) ", "/SYSV\xff\xff\xff\xff\xff\xff\xff\xff (deleted)", "/tmp/SYSV00c0ffee (deleted)"} {
		if got := kindOf(path); got != MapPath {
			t.Errorf("%q: %s", path, got)
		}
	}
}

func TestAppendPath(t *testing.T) {
	for path, want := range map[string]string{
		"": "", "/a": "/a", `/new\012line`: "/new\nline", `\012`: "\n", `/a\012\012`: "/a\n\n", `/a\01`: `/a\01`, `/a\0122`: "/a\n2", "/a\\": "/a\\", `\\012`: "\\\n",
		`/tab\011`: `/tab\011`, // which maps does not escape
	} {
		m := Mapping{Path: []byte(path)}
		if got := m.AppendPath([]byte("-")); string(got) != "-"+want || string(m.Path) != path {
			t.Errorf("%q: %q", path, got)
		}
	}
}

func FuzzMapKind(f *testing.F) {
	for _, s := range []string{"", "/SYSV", "/SYSV00c0ffee (deleted)", "[stack:12]", "[anon:x]", "[", `/a\012b`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, path []byte) {
		m := Mapping{Path: path}
		_, sysv := m.SysVKey()
		_, stack := m.ThreadStack()
		_, anon := m.AnonName()
		k := m.Kind()
		if sysv != (k == MapSysV) || stack != (k == MapThreadStack) || anon != (k == MapAnonName) || k >= mapKinds {
			t.Fatalf("%q: %s, %v %v %v", path, k, sysv, stack, anon)
		}
		if bracket := len(path) > 0 && path[0] == '['; bracket != (k != MapAnonymous && k != MapPath && k != MapSysV) {
			t.Fatalf("%q: %s", path, k)
		}
		if got, want := m.AppendPath(nil), bytes.ReplaceAll(path, []byte(`\012`), []byte("\n")); !bytes.Equal(got, want) {
			t.Fatalf("%q: %q", path, got)
		}
	})
}

// The faults 1, 7 and 21 with real files, in a root of their own.
func TestFault01MappedFilesOfAllNames(t *testing.T) {
	needRoot(t)
	runRole(t, "mapnames", &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS})
}

// mapNames are names of files, and whether the file stays.
var mapNames = map[string]bool{
	"/SYSV": true, "/SYSV1": true, "/SYSVnot hex": true, "/SYSV00c0ffee": true, "/SYSV1 (gone)": false, "/SYSV123": false,
	"/caf\xe9 \xff": true, "/ blank": true, "/blank ": true, "/a  b": true, "/new\nline": true, `/back\012slash`: true,
	"/here (deleted)": true, "/gone": false, "/gone\n\xff": false, "/[heap]": true,
}

func roleMapNames() error {
	f, err := OpenFS("/proc")
	if err != nil {
		return err
	}
	p, err := f.Self()
	if err != nil {
		return err
	}
	if err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
		unix.Mount("tmpfs", "/mnt", "tmpfs", 0, ""), unix.Chroot("/mnt"), unix.Chdir("/")); err != nil {
		return err
	}
	want := map[string]uintptr{}
	for name, stays := range mapNames {
		at, err := mapNamed(name, stays)
		if err != nil {
			return err
		}
		want[name] = at
	}
	segment, err := sysVSegment(0x00c0ffee)
	if err != nil {
		return err
	}
	return errors.Join(checkNames(p, want), checkSegment(p, segment), checkNames(p, want), checkMapFiles(p), checkMaps(p))
}

// mapNamed maps a file of a name.
func mapNamed(name string, stays bool) (uintptr, error) {
	file, err := os.Create(name)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	if err := file.Truncate(4096); err != nil {
		return 0, err
	}
	b, err := unix.Mmap(int(file.Fd()), 0, 4096, unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return 0, err
	}
	if !stays {
		err = os.Remove(name)
	}
	return address(b), err
}

func sysVSegment(key int) (uintptr, error) {
	id, err := unix.SysvShmGet(key, 4096, unix.IPC_CREAT|unix.IPC_EXCL|0o600)
	if err != nil {
		return 0, err
	}
	b, err := unix.SysvShmAttach(id, 0, 0)
	if err != nil {
		return 0, err
	}
	_, err = unix.SysvShmCtl(id, unix.IPC_RMID, nil)
	return address(b), err
}

// checkNames wants each file by its name, from each of the three sources.
func checkNames(p *Process, want map[string]uintptr) error {
	all, err := p.Maps()
	if err != nil {
		return err
	}
	links := map[uint64]string{}
	for m, err := range p.MapFiles() {
		if err != nil {
			return err
		}
		links[m.Start] = m.Target
	}
	for name, at := range want {
		i := slices.IndexFunc(all, func(m Mapping) bool { return m.Start == uint64(at) })
		if i < 0 {
			return fmt.Errorf("%q is not mapped", name)
		}
		if err := checkName(p, &all[i], name, links[uint64(at)]); err != nil {
			return err
		}
	}
	return nil
}

func checkName(p *Process, m *Mapping, name, link string) error {
	raw := name
	if !mapNames[name] {
		raw += " (deleted)"
	}
	if link != raw {
		return fmt.Errorf("link of %q: %q", name, link)
	}
	if got, want := string(m.Path), strings.ReplaceAll(raw, "\n", `\012`); got != want || m.Kind() != MapPath {
		return fmt.Errorf("%q is %s %q", name, m.Kind(), got)
	}
	if got := string(m.AppendPath(nil)); got != raw && !strings.Contains(name, `\012`) {
		return fmt.Errorf("%q unescaped: %q", name, got)
	}
	if gone, err := p.Unlinked(m); err != nil || gone == mapNames[name] {
		return fmt.Errorf("%q: unlinked %v, %w", name, gone, errors.Join(err, errDiffers))
	}
	f, err := p.OpenMaps()
	if err != nil {
		return err
	}
	defer f.Close()
	var found FoundMapping
	if ok, err := f.Query(m.Start, QueryName, &found); !errors.Is(err, ErrNotSupported) && (err != nil || !ok || string(found.Path) != raw) {
		return fmt.Errorf("query of %q: %q, %v, %v", name, found.Path, ok, err)
	}
	return nil
}

func checkSegment(p *Process, at uintptr) error {
	all, err := p.Maps()
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.Start != uint64(at) {
			continue
		}
		if key, ok := m.SysVKey(); !ok || key != 0x00c0ffee || m.Kind() != MapSysV {
			return fmt.Errorf("%q: %x, %v", m.Path, key, ok)
		}
		gone, err := p.Unlinked(&m)
		if err == nil && !gone {
			err = errors.New("a segment has no name")
		}
		return err
	}
	return errors.New("no segment")
}

// A name that the process gave, where the kernel has that.
func TestAnonName(t *testing.T) {
	b, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(b)
	name := []byte("our own\x00")
	const setVMA, setVMAAnonName = 0x53564d41, 0
	_, _, errno := unix.Syscall6(unix.SYS_PRCTL, setVMA, setVMAAnonName, address(b), 4096, uintptr(unsafe.Pointer(&name[0])), 0)
	want := "our own"
	if errno != 0 {
		want = "" // without CONFIG_ANON_VMA_NAME
	}
	all, err := pin(t, openProc(t), os.Getpid()).Maps()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(m Mapping) bool { return m.Start <= uint64(address(b)) && uint64(address(b)) < m.End })
	if i < 0 {
		t.Fatal("not mapped")
	}
	if got, ok := all[i].AnonName(); string(got) != want || ok != (want != "") {
		t.Errorf("%q, %v", got, ok)
	}
}
