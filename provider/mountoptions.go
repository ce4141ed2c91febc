package provider

import (
	"bytes"
	"iter"
	"strings"
)

// MountOptions is a list of mount options as the kernel writes it: names and
// "name=value" with commas between, the kernel's escapes still in place. The
// order is the kernel's, and a name may come again, as overlay's lowerdir+ does.
type MountOptions string

// MountOption is one of them, with nothing escaped.
type MountOption struct {
	Name     string
	Value    string
	HasValue bool // tells "name=" from "name"
}

// All walks the options in their order. The escapes are undone after the text
// is parted, so a value may hold commas: many file systems write them as \054,
// and SELinux sets its contexts in quotes where they have some.
//
// A few file systems escape nothing in what they write here. A value of theirs
// that looks like an escape cannot be told from one.
func (o MountOptions) All() iter.Seq[MountOption] {
	return func(yield func(MountOption) bool) {
		for text, more := string(o), o != ""; more; {
			var option MountOption
			if option, text, more = cutOption(text); !yield(option) {
				return
			}
		}
	}
}

// Get gives the value of an option, "" for one without. Of several of the same
// name it is the last one's, since later ones win; [MountOptions.Values] has all.
func (o MountOptions) Get(name string) (value string, ok bool) {
	for option := range o.All() {
		if option.Name == name {
			value, ok = option.Value, true
		}
	}
	return value, ok
}

// Values gives the values of all options of that name, in their order.
func (o MountOptions) Values(name string) (values []string) {
	for option := range o.All() {
		if option.Name == name {
			values = append(values, option.Value)
		}
	}
	return values
}

// cutOption takes the first option from text.
func cutOption(text string) (option MountOption, rest string, more bool) {
	end := strings.IndexByte(text, ',')
	if end < 0 {
		end = len(text)
	}
	name, value, has := strings.Cut(text[:end], "=")
	if has {
		if quoted, n := quotedContext(name, text[len(name)+1:]); n > 0 {
			value, end = quoted, len(name)+1+n
		}
	}
	option = MountOption{Name: unmangle(name), Value: unmangle(value), HasValue: has}
	if end == len(text) {
		return option, "", false
	}
	return option, text[end+1:], true
}

// quotedContext takes the value of context=, fscontext= and so on at the start
// of text, where it is in quotes, and gives its length with them.
func quotedContext(name, text string) (value string, n int) {
	if !strings.HasSuffix(name, "context") || len(text) < 2 || text[0] != '"' {
		return "", 0
	}
	end := strings.IndexByte(text[1:], '"')
	if end < 0 || end+2 < len(text) && text[end+2] != ',' {
		return "", 0
	}
	return text[1 : 1+end], end + 2
}

// unmangle undoes what the kernel calls mangling: a byte that would break the
// line's form is written as a backslash and three octal digits. The backslash
// is among them, so nothing else looks like that. Without one s is given back.
func unmangle(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	return string(appendUnmangled(nil, []byte(s)))
}

// appendUnmangled is unmangle into dst.
func appendUnmangled(dst, b []byte) []byte {
	for {
		i := bytes.IndexByte(b, '\\')
		if i < 0 {
			return append(dst, b...)
		}
		dst = append(dst, b[:i]...)
		c, n := mangledByte(b[i:])
		dst = append(dst, c)
		b = b[i+n:]
	}
}

// mangledByte reads "\ooo" at the start of b, or else the backslash alone.
func mangledByte(b []byte) (c byte, n int) {
	if len(b) < 4 || b[1] < '0' || b[1] > '3' || b[2] < '0' || b[2] > '7' || b[3] < '0' || b[3] > '7' {
		return '\\', 1
	}
	return (b[1]-'0')<<6 | (b[2]-'0')<<3 | (b[3] - '0'), 4
}
