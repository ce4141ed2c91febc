package provider

import (
	"errors"
	"os"
	"slices"
	"testing"
)

// ways are all in which Lives may come to its answer.
func ways(f *FS) map[string]func(int) (bool, error) {
	return map[string]func(int) (bool, error){"Lives": f.Lives, "pidfd": f.livesByPIDFD, "status": f.livesByStatus}
}

func wantLives(t *testing.T, f *FS, who string, pid int, want bool) {
	t.Helper()
	for name, lives := range ways(f) {
		got, err := lives(pid)
		if got != want || err != nil && !errors.Is(err, ErrGone) {
			t.Errorf("%s: %s: %v, %v, want %v", who, name, got, err, want)
		}
	}
}

// What lives, whichever way it is asked: as Stat.Alive has it.
func TestLives(t *testing.T) {
	f, c := openProc(t), start(t)
	wantLives(t, f, "we", os.Getpid(), true)
	wantLives(t, f, "a child", c.pid, true)
	v := startVictim(t, "leadergone")
	v.wants(v.pid, StateZombie)
	wantLives(t, f, "one whose leader has exited", v.pid, true)
	c.zombie()
	wantLives(t, f, "a zombie", c.pid, false)
	c.cmd.Wait()
	wantLives(t, f, "who was waited for", c.pid, false)
	wantLives(t, f, "nobody", 1<<22, false)
	for pid, err := range f.Numbers() {
		if lives, err2 := f.Lives(pid); err != nil || err2 != nil {
			t.Errorf("%d: %v, %v, %v", pid, lives, err, err2)
		}
	}
}

// Open files prove that a process lives, and only they.
func TestLivesByFiles(t *testing.T) {
	f, c := openProc(t), start(t)
	if n, err := pin(t, f, c.pid).FDCount(); err != nil || n == 0 {
		t.Fatalf("%d files, %v", n, err)
	}
	v := startVictim(t, "leadergone")
	v.wants(v.pid, StateZombie)
	c.zombie()
	for who, pid := range map[string]int{"a zombie": c.pid, "one whose leader has exited": v.pid, "nobody": 1 << 22} {
		if f.hasFiles(pid) {
			t.Errorf("%s has files", who)
		}
	}
}

// In a captured tree there is nothing but the text.
func TestLivesCaptured(t *testing.T) {
	for name, want := range map[string]bool{"plain": true, "kthread": true, "zombie": false, "zombieleader": true} {
		f, err := OpenFS("testdata/proc/" + name)
		if err != nil {
			t.Fatal(err)
		}
		pids, err := f.PIDs(nil)
		if err != nil || len(pids) == 0 {
			t.Fatalf("%s: %v, %v", name, pids, err)
		}
		if got, err := f.Lives(pids[0]); got != want || err != nil {
			t.Errorf("%s: %v, %v, want %v", name, got, err, want)
		}
		if got, err := f.Lives(4_000_000); got || err != nil {
			t.Errorf("%s: nobody: %v, %v", name, got, err)
		}
		f.Close()
	}
}

func TestLivesLeaksNothing(t *testing.T) {
	f, c := openProc(t), start(t)
	c.zombie()
	leaksNothing(t, "Lives", func() {
		for name, lives := range ways(f) {
			for _, pid := range []int{os.Getpid(), c.pid, 1 << 22} {
				if _, err := lives(pid); err != nil && !errors.Is(err, ErrGone) {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	})
}

// The numbers in pieces are those in one, from wherever.
func TestPIDsAfter(t *testing.T) {
	f := openProc(t)
	var children []int
	for range 20 {
		children = append(children, start(t).pid)
	}
	slices.Sort(children)
	for _, most := range []int{1, 2, 7, 100, 1 << 20} {
		var all, piece []int
		for after := 0; ; after = piece[len(piece)-1] {
			var err error
			if piece, err = f.PIDsAfter(nil, after, most); err != nil || len(piece) > most {
				t.Fatalf("%d after %d: %d, %v", most, after, len(piece), err)
			}
			if len(piece) == 0 {
				break
			}
			if piece[0] <= after || !slices.IsSorted(piece) {
				t.Fatalf("after %d: %v", after, piece)
			}
			all = append(all, piece...)
		}
		for _, pid := range append(children, os.Getpid()) {
			if _, there := slices.BinarySearch(all, pid); !there {
				t.Errorf("in pieces of %d: %d is missing", most, pid)
			}
		}
	}
	for i, pid := range children[:19] { // nobody is between the two if we were alone
		got, err := f.PIDsAfter([]int{-7}, pid, 1)
		if err != nil || len(got) != 2 || got[0] != -7 || got[1] <= pid || got[1] > children[i+1] {
			t.Errorf("after %d: %v, %v", pid, got, err)
		}
		if got, err := f.PIDsAfter(nil, pid-1, 1); err != nil || !slices.Equal(got, []int{pid}) {
			t.Errorf("after %d: %v, %v", pid-1, got, err)
		}
	}
	for _, after := range []int{1 << 22, 1<<31 - 1} {
		if got, err := f.PIDsAfter(nil, after, 10); err != nil || len(got) != 0 {
			t.Errorf("after %d: %v, %v", after, got, err)
		}
	}
	if got, err := f.PIDsAfter(nil, -5, 1); err != nil || len(got) != 1 {
		t.Errorf("from the start: %v, %v", got, err)
	}
	leaksNothing(t, "PIDsAfter", func() { f.PIDsAfter(nil, 0, 10) })
	f.Close()
	if got, err := f.PIDsAfter([]int{-7}, 0, 10); err == nil || !slices.Equal(got, []int{-7}) {
		t.Errorf("closed: %v, %v", got, err)
	}
}

// A captured tree is not in order, and has no offsets.
func TestPIDsAfterCaptured(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"10", "9", "100", "self", "3"} {
		if err := os.Mkdir(root+"/"+name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	f, err := OpenFS(root)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, test := range []struct {
		after, most int
		want        []int
	}{{0, 9, []int{3, 9, 10, 100}}, {3, 2, []int{9, 10}}, {5, 1, []int{9}}, {100, 5, nil}, {0, 0, nil}, {0, -1, nil}} {
		if got, err := f.PIDsAfter(nil, test.after, test.most); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%+v: %v, %v", test, got, err)
		}
	}
}

// AppendWChan appends what WChan gives.
func TestAppendWChan(t *testing.T) {
	f, c := openProc(t), start(t)
	a, err := NewAuthority(f)
	if err != nil {
		t.Fatal(err)
	}
	p, asker := pin(t, f, c.pid), a.Caller(os.Getpid(), uint32(os.Geteuid()), uint32(os.Getegid()))
	eventually(t, "it sleeps", func() bool { name, err := asker.WChan(p); return err == nil && name != "" })
	eventually(t, "both agree", func() bool {
		name, err := asker.WChan(p)
		got, err2 := asker.AppendWChan([]byte("in "), p)
		return err == nil && err2 == nil && string(got) == "in "+name
	})
	stranger := a.Caller(0, alice, alice)
	if got, _ := stranger.AppendWChan([]byte("in "), p); string(got) != "in " {
		t.Errorf("a stranger's: %q", got)
	}
	c.zombie()
	c.cmd.Wait()
	if got, err := asker.AppendWChan([]byte("in "), p); !errors.Is(err, ErrGone) || string(got) != "in " {
		t.Errorf("gone: %q, %v", got, err)
	}
}
