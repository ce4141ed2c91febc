//go:build faults

package faulttest

import "strings"

// unknownWords stand for what could not be found out (README.md, "Nodes").
var unknownWords = map[string]bool{"-": true, "?": true, "unknown": true, "Not Available\n": true}

// Like reports that a node's text is the wanted one but for such words.
func Like(got, want string) bool {
	if got == want || unknownWords[got] {
		return true
	}
	a, b := strings.Split(got, " "), strings.Split(want, " ")
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && !unknownWords[a[i]] {
			return false
		}
	}
	return true
}
