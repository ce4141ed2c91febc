//go:build !procfsd_onegate

package nodes

// secondGate asks for the right to the target once more, while it is held.
func secondGate(q *Query) error { return canDebug(q) }
