package provider

// ELFClass is the word size of an executable.
type ELFClass uint8

const (
	ELFNone ELFClass = iota // not ELF, or of no known class
	ELF32
	ELF64
)

// ParseELFIdent gives the class of an image from its first five bytes. Only
// magic and EI_CLASS are looked at, as the kernel has vetted the rest; what is
// short or not ELF is ELFNone, never an error.
func ParseELFIdent(b []byte) ELFClass {
	if len(b) < 5 || string(b[:4]) != "\x7fELF" {
		return ELFNone
	}
	switch b[4] {
	case 1:
		return ELF32
	case 2:
		return ELF64
	}
	return ELFNone
}

// String gives "ELF32", "ELF64" or "none".
func (c ELFClass) String() string {
	switch c {
	case ELF32:
		return "ELF32"
	case ELF64:
		return "ELF64"
	}
	return "none"
}
