package render

// ABI is the system interface that a process runs on: sv_name of its sysentvec.
type ABI uint8

// The ABIs of a Linux host, named as FreeBSD names those it knows.
const (
	ABIUnknown ABI = iota // no name: the caller may not look
	ABINull               // a process of the kernel's own
	ABILinux32            // ELF class 32, x32 included
	ABILinux64            // ELF class 64
)

// String is the name in etype; for an unknown one, the kernel's phrase.
func (a ABI) String() string {
	switch a {
	case ABINull:
		return "null"
	case ABILinux32:
		return "Linux ELF32"
	case ABILinux64:
		return "Linux ELF64"
	}
	return "Not Available"
}

// AppendEtype appends etype: the name of abi and a newline.
func AppendEtype(dst []byte, abi ABI) []byte {
	return append(append(dst, abi.String()...), '\n')
}
