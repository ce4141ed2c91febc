package provider

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// memoryText reads testdata/memory/name.
func memoryText(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata/memory", name))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// text writes a mapping as the kernel does.
func (m *NUMAMap) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%08x %s", m.Start, m.Policy)
	if m.File != "" {
		b.WriteString(" file=" + strings.NewReplacer("\n", `\012`, "\t", `\011`, " ", `\040`, "=", `\075`).Replace(m.File))
	}
	for i, word := range []string{"heap", "stack", "huge"} {
		if [...]bool{m.Heap, m.Stack, m.Huge}[i] {
			b.WriteString(" " + word)
		}
	}
	for i, key := range []string{"anon", "dirty", "mapped", "mapmax", "swapcache", "active", "writeback"} {
		v := [...]uint64{m.Anon, m.Dirty, m.Mapped, m.MapMax, m.SwapCache, m.Active, m.Writeback}[i]
		if v != 0 || key == "active" && m.HasActive {
			fmt.Fprintf(&b, " %s=%d", key, v)
		}
	}
	for _, n := range m.Nodes {
		fmt.Fprintf(&b, " N%d=%d", n.Node, n.Pages)
	}
	if m.KernelPageSize != 0 {
		fmt.Fprintf(&b, " kernelpagesize_kB=%d", m.KernelPageSize>>10)
	}
	for _, word := range m.Unknown {
		b.WriteString(" " + word)
	}
	return b.String()
}

// ofOthersNUMA changes, and back again, with what other processes do.
var ofOthersNUMA = regexp.MustCompile(` (mapmax|active)=[0-9]+`)

func checkNUMAMaps(p *Process) error {
	return steady(p, "numa_maps", func(raw []byte) error {
		all, err := p.NUMAMaps()
		if err != nil {
			return err
		}
		var got []string
		for i := range all {
			got = append(got, ofOthersNUMA.ReplaceAllString(all[i].text(), ""))
			if len(all[i].Unknown) != 0 {
				return fmt.Errorf("unknown: %q", all[i].Unknown)
			}
		}
		var want []string
		for line := range strings.Lines(string(raw)) {
			want = append(want, ofOthersNUMA.ReplaceAllString(strings.TrimSuffix(line, "\n"), ""))
		}
		return differ("mapping", got, want)
	})
}

// What is parsed is what the kernel wrote.
func TestNUMAMapsRoundTrip(t *testing.T) {
	for _, name := range []string{"numa_maps", "numa_maps-policies", "numa_maps-older34"} {
		text := string(memoryText(t, name))
		all, err := ParseNUMAMaps([]byte(text))
		if err != nil || len(all) < 2 {
			t.Fatal(name, err)
		}
		for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
			if name == "numa_maps-older34" { // its unknown word is not the last
				if !strings.Contains(line, "stack:4711") == (len(all[i].Unknown) == 1) {
					t.Errorf("%q: %q", line, all[i].Unknown)
				}
				continue
			}
			if got := all[i].text(); got != line {
				t.Errorf("%s\ngot  %q\nwant %q", name, got, line)
			}
		}
	}
}

func TestParseNUMAMaps(t *testing.T) {
	all, err := ParseNUMAMaps(memoryText(t, "numa_maps-policies"))
	if err != nil {
		t.Fatal(err)
	}
	want := NUMAMap{Start: 0x1a3c000, Policy: NUMAPolicy{Mode: "prefer", Nodes: "1"}, Heap: true, Anon: 10, Dirty: 9, SwapCache: 3, Active: 2,
		HasActive: true, Writeback: 1, Nodes: []NUMANode{{0, 3}, {10, 7}}, KernelPageSize: 4096}
	if !reflect.DeepEqual(all[2], want) {
		t.Errorf("got  %+v\nwant %+v", all[2], want)
	}
	if all[1].File != "/tmp/a b=1\t\nx (deleted)" || all[0].MapMax != 3 || all[0].Mapped != 5 {
		t.Errorf("%+v", all[:2])
	}
	for i, policy := range []NUMAPolicy{3: {"interleave", "static", "0,2-3"}, 4: {"prefer (many)", "", "0-1"}, 5: {"weighted interleave", "relative", "0-3"},
		6: {"local", "", ""}, 7: {"bind", "static|balancing", "0"}, 8: {"default", "", ""}} {
		if i > 2 && all[i].Policy != policy {
			t.Errorf("%d: %+v", i, all[i].Policy)
		}
	}
	if !all[4].Huge || all[4].KernelPageSize != 2<<20 || !all[8].Stack || fmt.Sprint(all[7].Unknown) != "[newword newpair=7]" {
		t.Errorf("%+v", all[4:])
	}
	malformedText(t, ParseNUMAMaps, "\n", "x default\n", "00400000\n", "00400000 \n", "00400000 default", "00400000  default\n", "00400000 :0\n", "00400000 bind:\n",
		"00400000 bind=:0\n", "00400000 default anon=\n", "00400000 default anon=x\n", "00400000 default anon=-1\n", "00400000 default N0=\n", "00400000 default N0x=1\n",
		"00400000 default N99999999999=1\n", "00400000 default kernelpagesize_kB=18014398509481984\n", "00400000 default file=\n", "00400000 default dirty=18446744073709551616\n",
		"00400000 default\n\n")
	if all, err := ParseNUMAMaps(nil); all != nil || err != nil {
		t.Errorf("%v, %v", all, err)
	}
}

func TestNUMAMapsOfChild(t *testing.T) {
	c := start(t)
	p := pin(t, openProc(t), c.pid)
	all, err := p.NUMAMaps()
	if errors.Is(err, ErrNotSupported) {
		t.Log("a kernel without NUMA")
		return
	}
	exe, holder := false, NUMAMap{}
	for _, m := range all {
		exe = exe || m.File == readlinkOf(t, "/proc/self/exe")
		if m.Start <= uint64(c.pages) {
			holder = m
		}
	}
	pages := holder.Anon > 0 && len(holder.Nodes) > 0 && holder.Nodes[0].Pages > 0 && holder.KernelPageSize == uint64(os.Getpagesize())
	if err != nil || !exe || !pages {
		t.Errorf("%v %v, %v\n%+v", exe, pages, err, all)
	}
}

func readlinkOf(t *testing.T, path string) string {
	t.Helper()
	text, err := os.Readlink(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func FuzzParseNUMAMaps(f *testing.F) {
	for _, name := range []string{"numa_maps", "numa_maps-policies", "numa_maps-older34"} {
		f.Add(memoryText(f, name))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := ParseNUMAMaps(text)
		if err != nil {
			lawful(t, all, err)
			return
		}
		var b strings.Builder
		for i := range all {
			b.WriteString(all[i].text() + "\n")
		}
		again, err := ParseNUMAMaps([]byte(b.String()))
		if err != nil || !reflect.DeepEqual(again, all) {
			t.Fatalf("%q\nagain %+v, %v\nfirst %+v", b.String(), again, err, all)
		}
	})
}
