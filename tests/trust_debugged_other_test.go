//go:build !amd64

package tests

import "testing"

// trustDebugged needs targets in machine code.
func trustDebugged(t *testing.T, _ *trustRun) {
	t.Helper()
	lack(t, "the targets of the debug nodes are machine code of amd64")
}
