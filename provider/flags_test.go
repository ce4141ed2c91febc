package provider

import "testing"

// hasAll is Has of a set of bits.
func hasAll[T interface {
	~uint8 | ~uint16 | ~uint32 | ~uint64
	Has(T) bool
}](t *testing.T, one, other T) {
	t.Helper()
	both := one | other
	if !both.Has(one) || !both.Has(both) || !one.Has(0) || one.Has(other) || one.Has(both) || other.Has(both) {
		t.Errorf("%T: %v, %v", one, one, other)
	}
}

func TestHasAll(t *testing.T) {
	hasAll(t, ARPComplete, ARPPermanent)
	hasAll(t, CoredumpAnonPrivate, CoredumpDAXShared)
	hasAll(t, FDRead, FDWrite)
	hasAll(t, NFSCapReaddirplus, NFSCapMoveable)
	hasAll(t, PageIsPresent, PageIsGuard)
	hasAll(t, PermRead, PermShared)
	hasAll(t, PersonalityUname26, PersonalityLimit3GB)
	hasAll(t, PFIdle, PFSuspendTask)
	hasAll(t, RouteUp, RouteLocal)
	hasAll(t, VMRead, VMMPX)
}
