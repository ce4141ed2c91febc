package provider

import (
	"bytes"
	"strings"
)

// StackFrame is one line of /proc/PID/stack: a place in the kernel.
type StackFrame struct {
	Address  uint64 // 0: kept secret, as by all kernels since 4.15
	Function string // "" where the kernel has no name for the address
	Offset   uint64 // bytes into the function
	Size     uint64 // of the function
	Module   string // that the function is of, and its build id where the kernel tells; "" for the kernel proper
}

// ParseStack reads the text of a stack file, the innermost frame first. It is
// empty for a process that runs, or has exited.
func ParseStack(b []byte) ([]StackFrame, error) {
	var list []StackFrame
	for len(b) > 0 {
		n := bytes.IndexByte(b, '\n')
		var f StackFrame
		if n < 0 || !f.parse(string(b[:n])) {
			return nil, malformed("stack", "not a stack frame")
		}
		list = append(list, f)
		b = b[n+1:]
	}
	return list, nil
}

// parse reads "[<address>] function+0xoffset/0xsize [module]", or an address in
// place of the function.
func (f *StackFrame) parse(line string) bool {
	address, rest, ok := strings.Cut(strings.TrimPrefix(line, "[<"), ">] ")
	v, isHex := hexField([]byte(address))
	if !ok || !isHex || !strings.HasPrefix(line, "[<") {
		return false
	}
	f.Address = v
	place, module, found := strings.Cut(rest, " ")
	if found && (len(module) < 3 || module[0] != '[' || module[len(module)-1] != ']') {
		return false
	}
	if found {
		f.Module = module[1 : len(module)-1]
	}
	return f.place(place)
}

func (f *StackFrame) place(text string) bool {
	plus := strings.LastIndexByte(text, '+')
	if plus < 0 {
		v, ok := hexField([]byte(text))
		if f.Address == 0 {
			f.Address = v
		}
		return ok && strings.HasPrefix(text, "0x") && f.Module == ""
	}
	offset, size, ok := strings.Cut(text[plus+1:], "/")
	var okOffset, okSize bool
	f.Offset, okOffset = hexField([]byte(offset))
	f.Size, okSize = hexField([]byte(size))
	f.Function = text[:plus]
	return ok && okOffset && okSize && plus > 0
}

// Stack reads /proc/PID/stack (2.6.29, CONFIG_STACKTRACE): where in the kernel
// the process or thread waits. It is for root alone: EACCES or EPERM otherwise.
func (d *dir) Stack() ([]StackFrame, error) { return parseWhole(d, "stack", ParseStack) }
