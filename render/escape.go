package render

import "strings"

// A word of a procfs(5) line must survive scanf("%s") and a split at blanks:
// never empty, no white space, nothing beyond ASCII. FreeBSD writes the bytes
// of p_comm so, as a backslash and three octal digits where it must. Its
// signed char machines print eleven digits for a byte over 127; that bug is
// not copied.

// none stands for a word that has no value.
const none = '-'

// escapeLen is the length of one escape: the backslash and three digits.
const escapeLen = 4

// plain says whether c is printed as it is.
func plain(c byte) bool { return c >= 33 && c <= 126 && c != '\\' }

// appendEscape appends c as a backslash and three octal digits.
func appendEscape(dst []byte, c byte) []byte {
	return append(dst, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
}

// appendName appends a command name. The cut is made before the escaping: limit
// counts raw bytes, so the word has at most 4*limit characters. An empty name
// is one NUL, as in the kernel, whose loop prints before it tests.
func appendName(dst, name []byte, limit int) []byte {
	if len(name) == 0 {
		return appendEscape(dst, 0)
	}
	for _, c := range name[:min(limit, len(name))] {
		if plain(c) {
			dst = append(dst, c)
		} else {
			dst = appendEscape(dst, c)
		}
	}
	return dst
}

// appendToken appends s as one word of at most limit printed characters (limit
// ≥ 4, or an escape would leave it empty). Unlike in a name the cut is made
// after the escaping, for it protects the reader's buffer and the length of the
// line; it never falls inside an escape. An empty s is "-".
func appendToken(dst []byte, s string, limit int) []byte {
	if s == "" {
		return append(dst, none)
	}
	end := len(dst) + limit
	for i := range len(s) {
		c := s[i]
		switch {
		case plain(c) && len(dst) < end:
			dst = append(dst, c)
		case !plain(c) && len(dst)+escapeLen <= end:
			dst = appendEscape(dst, c)
		default:
			return dst
		}
	}
	return dst
}

// appendPath appends a path raw, as FreeBSD does, blanks and backslashes
// included: no client undoes an escape. Only a newline becomes \012 (as in
// Linux's own maps), since it would end the line for every one of them. A path
// is never cut, for the rest would name another file. An empty path is "-".
func appendPath(dst []byte, path string) []byte {
	if path == "" {
		return append(dst, none)
	}
	for {
		i := strings.IndexByte(path, '\n')
		if i < 0 {
			return append(dst, path...)
		}
		dst = append(dst, path[:i]...)
		dst = appendEscape(dst, '\n')
		path = path[i+1:]
	}
}
