package provider

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"testing"
)

// elfFile makes a file with a PT_LOAD and one PT_NOTE for each note.
func elfFile(class ELFClass, order binary.ByteOrder, notes ...[]byte) []byte {
	l, _ := layoutOf([]byte{0x7f, 'E', 'L', 'F', byte(class), map[binary.ByteOrder]byte{binary.LittleEndian: 1, binary.BigEndian: 2}[order]})
	put := func(b []byte, v int) {
		if l.wide {
			order.PutUint64(b, uint64(v))
		} else {
			order.PutUint32(b, uint32(v))
		}
	}
	b := make([]byte, l.header+l.size*(1+len(notes)))
	copy(b, "\x7fELF")
	b[4] = byte(class)
	b[5] = map[binary.ByteOrder]byte{binary.LittleEndian: 1, binary.BigEndian: 2}[order]
	put(b[l.phoff:], l.header)
	order.PutUint16(b[l.entsize:], uint16(l.size))
	order.PutUint16(b[l.num:], uint16(1+len(notes)))
	order.PutUint32(b[l.header:], 1)
	for i, note := range notes {
		at := l.header + l.size*(1+i)
		order.PutUint32(b[at:], 4)
		put(b[at+l.fileOffset:], len(b))
		put(b[at+l.fileSize:], len(note))
		b = append(b, note...)
	}
	return b
}

func TestParseELFNotes(t *testing.T) {
	one, two := []byte("first note"), []byte("second")
	for _, class := range []ELFClass{ELF32, ELF64} {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			file := elfFile(class, order, one, two)
			notes, err := ParseELFNotes(bytes.NewReader(file))
			if err != nil || len(notes) != 2 || !bytes.Equal(notes[0], one) || !bytes.Equal(notes[1], two) {
				t.Errorf("%v %v: %q, %v", class, order, notes, err)
			}
			for n := range file {
				if notes, err := ParseELFNotes(bytes.NewReader(file[:n])); !errors.Is(err, ErrMalformed) || notes != nil {
					t.Fatalf("%v %v, %d bytes: %q, %v", class, order, n, notes, err)
				}
			}
			if notes, err := ParseELFNotes(bytes.NewReader(elfFile(class, order))); err != nil || notes != nil {
				t.Errorf("without notes: %q, %v", notes, err)
			}
			big := elfFile(class, order, make([]byte, elfMostNotes), one)
			if _, err := ParseELFNotes(bytes.NewReader(big)); !errors.Is(err, ErrTooBig) {
				t.Errorf("long: %v", err)
			}
			many := elfFile(class, order, make([][]byte, elfMostHeaders)...)
			if _, err := ParseELFNotes(bytes.NewReader(many)); !errors.Is(err, ErrTooBig) {
				t.Errorf("many: %v", err)
			}
		}
	}
}

func FuzzParseELFNotes(f *testing.F) {
	for _, class := range []ELFClass{ELF32, ELF64} {
		f.Add(elfFile(class, binary.LittleEndian, []byte("note")))
		f.Add(elfFile(class, binary.BigEndian, []byte("note"), nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		notes, err := ParseELFNotes(bytes.NewReader(b))
		size := 0
		for _, note := range notes {
			size += len(note)
		}
		if size > elfMostNotes || len(notes) > elfMostHeaders || err != nil && notes != nil {
			t.Errorf("%d notes, %d bytes, %v", len(notes), size, err)
		}
		if err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrTooBig) {
			t.Error(err)
		}
	})
}

func TestCallerELF(t *testing.T) {
	a := authority(t)
	v := startAs(t, ids{carol, carol, carol}, "receiver")
	c, p := a.Caller(v.pid, carol, carol), pinned(t, v.pid)
	notes, err := c.ELFNotes(p)
	if err != nil || len(notes) == 0 || !bytes.Contains(bytes.Join(notes, nil), []byte("GNU\x00")) {
		t.Errorf("%q, %v", notes, err)
	}
	if class := c.ELFClassOfCaller(); class != ELF64 {
		t.Errorf("class %v", class)
	}
	if _, err := c.ELFNotes(pinned(t, os.Getpid())); !errors.Is(err, os.ErrPermission) {
		t.Errorf("ours: %v", err)
	}
}

func TestExecIdentity(t *testing.T) {
	a := authority(t)
	asker, v := startVictim(t, "agent"), startVictim(t, "execs")
	c, p := a.Caller(asker.pid, 0, 0), pinned(t, v.pid)
	identity := func() ExecIdentity {
		t.Helper()
		var s Stat
		if err := p.Stat(&s); err != nil {
			t.Fatal(err)
		}
		id, err := c.ExecIdentity(p, &s)
		if err != nil || id.Inode == 0 || id.StartCode == 0 {
			t.Fatalf("%+v, %v", id, err)
		}
		return id
	}
	before := identity()
	if again := identity(); again != before {
		t.Errorf("%+v, then %+v", before, again)
	}
	v.in.Write([]byte("x"))
	if _, err := v.out.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if line, err := v.out.ReadString('\n'); err != nil || line == "" {
		t.Fatal(err)
	}
	if after := identity(); after == before {
		t.Errorf("unchanged by exec: %+v", after)
	}
}
