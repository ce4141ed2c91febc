package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(roleEnv); role != "" {
		exit(act(role))
	}
	os.Exit(m.Run())
}

func testStage(t *testing.T, processes int) *stage {
	t.Helper()
	s, err := newStage(processes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s
}

// TestAgreement: every implementation of every item answers, and says what the
// plainest reading of the kernel's text says.
func TestAgreement(t *testing.T) {
	s := testStage(t, 20)
	for _, i := range items {
		all := probes(s, i)
		for library, p := range all {
			if p == nil {
				continue
			}
			t.Run(i.name+"/"+columnName(library), func(t *testing.T) {
				if err := agrees(p, all[0]); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// agrees calls p and compares what it found with what the floor's decoder
// finds at that time. The second try is for a target that has just run.
func agrees(p, floor *probe) (err error) {
	for range 2 {
		if err = agreesNow(p, floor); err == nil {
			return nil
		}
	}
	return err
}

func agreesNow(p, floor *probe) error {
	if err := p.call(); err != nil {
		return err
	}
	found, err := p.facts()
	if err != nil {
		return err
	}
	want, err := floor.facts()
	if err != nil {
		return err
	}
	common, err := want.agree(found)
	if err == nil && common == 0 {
		err = fmt.Errorf("nothing of %v is in %v", found, want)
	}
	return err
}

// TestKeys: no implementation is of an item that nobody asks for, and each
// item is asked of one library at least.
func TestKeys(t *testing.T) {
	asked := map[string]bool{}
	for _, i := range items {
		asked[i.implKey()] = true
	}
	for _, l := range libraries {
		for key := range l.impls {
			if !asked[key] {
				t.Errorf("%s: %q is no item's key", l.name, key)
			}
		}
	}
}

// TestWired: ours answers every item.
func TestWired(t *testing.T) {
	for _, i := range items {
		if ours[i.implKey()] == nil {
			t.Errorf("%q is missing", i.implKey())
		}
	}
}

func TestFactsDiffer(t *testing.T) {
	a := facts{"pid": 1, "comm": "x"}
	for _, tt := range []struct {
		other  facts
		common int
		differ bool
	}{
		{facts{"pid": "1", "comm": "x"}, 2, false},
		{facts{"pid": uint64(1), "more": 3}, 1, false},
		{facts{"comm": "y"}, 1, true},
		{facts{}, 0, false},
	} {
		common, err := a.agree(tt.other)
		if common != tt.common || (err != nil) != tt.differ {
			t.Errorf("%v: %d, %v", tt.other, common, err)
		}
	}
}

// TestDecodersSee: each decoder finds something in the texts of a live process.
func TestDecodersSee(t *testing.T) {
	s := testStage(t, 3)
	for _, i := range items {
		f, err := i.floor(s.small).facts()
		if err != nil || len(f) == 0 {
			t.Errorf("%s: %v, %v", i.name, f, err)
		}
		for _, name := range slices.Sorted(maps.Keys(f)) {
			if f[name] == "" || f[name] == "?" {
				t.Errorf("%s: no %s in %v", i.name, name, f)
			}
		}
	}
}
