package provider

import (
	"strings"
	"testing"
)

func TestParseFDTarget(t *testing.T) {
	for text, want := range map[string]FDTarget{
		"/dev/null":                        {Kind: FDPath, Name: "/dev/null"},
		"/":                                {Kind: FDPath, Name: "/"},
		"/a b\n\xff":                       {Kind: FDPath, Name: "/a b\n\xff"},
		"/tmp/x (deleted)":                 {Kind: FDPath, Name: "/tmp/x", Deleted: true},
		"/tmp/x (deleted) (deleted)":       {Kind: FDPath, Name: "/tmp/x (deleted)", Deleted: true},
		"/ (deleted)":                      {Kind: FDPath, Name: "/", Deleted: true},
		"/socket:[1]":                      {Kind: FDPath, Name: "/socket:[1]"},
		"/memfd:x":                         {Kind: FDPath, Name: "/memfd:x"},
		"/memfd: (deleted)":                {Kind: FDMemFD},
		"/memfd:a b/c (deleted) (deleted)": {Kind: FDMemFD, Name: "a b/c (deleted)"},
		"socket:[4080385]":                 {Kind: FDSocket, Inode: 4080385},
		"pipe:[0]":                         {Kind: FDPipe},
		"net:[4026531833]":                 {Kind: FDNet, Inode: 4026531833},
		"mnt:[4026531832]":                 {Kind: FDOther, Name: "mnt", Inode: 4026531832},
		"x y:[18446744073709551615]":       {Kind: FDOther, Name: "x y", Inode: 1<<64 - 1},
		"anon_inode:[eventfd]":             {Kind: FDAnonInode, Name: "[eventfd]"},
		"anon_inode:inotify":               {Kind: FDAnonInode, Name: "inotify"},
		"anon_inode:[1]":                   {Kind: FDAnonInode, Name: "[1]"},
		"anon_inode:":                      {Kind: FDAnonInode},
		// Unknown, whole.
		"":                                {},
		"onload:[udp:1:2032]":             {Name: "onload:[udp:1:2032]"}, // #352
		"(unreachable)/x":                 {Name: "(unreachable)/x"},
		" (deleted)":                      {Name: " (deleted)"},
		"socket:":                         {Name: "socket:"},
		"socket:[]":                       {Name: "socket:[]"},
		"socket:[x]":                      {Name: "socket:[x]"},
		"socket:[01]":                     {Name: "socket:[01]"},
		"socket:[-1]":                     {Name: "socket:[-1]"},
		"socket:[1":                       {Name: "socket:[1"},
		"socket:[1]x":                     {Name: "socket:[1]x"},
		"socket:[18446744073709551616]":   {Name: "socket:[18446744073709551616]"},
		":[1]":                            {Name: ":[1]"},
		"\xff\x00":                        {Name: "\xff\x00"},
		strings.Repeat("socket:[1]", 500): {Name: strings.Repeat("socket:[1]", 500)},
	} {
		got := ParseFDTarget([]byte(text))
		if got != want {
			t.Errorf("%q:\ngot  %+v\nwant %+v", text, got, want)
		}
		if got.String() != text {
			t.Errorf("%q comes back as %q", text, got)
		}
	}
	for k := FDUnknown; k <= FDOther; k++ {
		if name := k.String(); name == "" || name == "unknown" && k != FDUnknown {
			t.Errorf("kind %d is %q", k, name)
		}
	}
}

func FuzzParseFDTarget(f *testing.F) {
	for _, text := range []string{"", "/x (deleted)", "/memfd:x (deleted)", "socket:[1]", "net:[2]", "mnt:[3]", "anon_inode:[x]", "onload:[udp:1:2032]"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got := ParseFDTarget(b)
		if got.String() != string(b) {
			t.Fatalf("%q comes back as %q: %+v", b, got, got)
		}
		if path := got.Kind == FDPath || got.Kind == FDMemFD; path != (len(b) > 0 && b[0] == '/') {
			t.Fatalf("%q is %v", b, got.Kind)
		}
	})
}
