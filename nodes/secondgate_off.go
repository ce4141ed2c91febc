//go:build procfsd_onegate

package nodes

// secondGate is left out of this build, which exists to show in a test that the
// test would notice.
func secondGate(*Query) error { return nil }
