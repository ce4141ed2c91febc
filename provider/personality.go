package provider

import "strconv"

// Personality is the execution domain of a process: one number in the low
// byte, and flags. See personality(2).
type Personality uint32

// The flags of <linux/personality.h>.
const (
	PersonalityUname26         Personality = 0x0020000 // uname shows 2.6.x
	PersonalityNoRandomize     Personality = 0x0040000 // no address space randomization
	PersonalityFDPICFuncPtrs   Personality = 0x0080000 // function pointers are descriptors
	PersonalityMmapPageZero    Personality = 0x0100000 // page 0 is mapped
	PersonalityCompatLayout    Personality = 0x0200000 // the address layout of old
	PersonalityReadImpliesExec Personality = 0x0400000
	PersonalityLimit32Bit      Personality = 0x0800000
	PersonalityShortInode      Personality = 0x1000000
	PersonalityWholeSeconds    Personality = 0x2000000
	PersonalityStickyTimeouts  Personality = 0x4000000 // select and its like leave their timeout alone
	PersonalityLimit3GB        Personality = 0x8000000
)

var personalityNames = [32]string{
	17: "UNAME26", "ADDR_NO_RANDOMIZE", "FDPIC_FUNCPTRS", "MMAP_PAGE_ZERO", "ADDR_COMPAT_LAYOUT",
	"READ_IMPLIES_EXEC", "ADDR_LIMIT_32BIT", "SHORT_INODE", "WHOLE_SECONDS", "STICKY_TIMEOUTS", "ADDR_LIMIT_3GB",
}

// Domain is the execution domain: 0 is Linux, 8 is Linux that calls itself a
// 32-bit machine. The others are of the past.
func (p Personality) Domain() uint8 { return uint8(p) }

// Has reports whether all flags of want are set.
func (p Personality) Has(want Personality) bool { return p&want == want }

// String gives the domain as "linux", "linux32" or its number, and the names
// of the flags, with blanks between. A flag unknown here is shown in
// hexadecimal.
func (p Personality) String() string {
	domain := strconv.Itoa(int(p.Domain()))
	switch p.Domain() {
	case 0:
		domain = "linux"
	case 8:
		domain = "linux32"
	}
	if flags := flagNames(uint32(p)&^0xff, &personalityNames); flags != "" {
		return domain + " " + flags
	}
	return domain
}

// ParsePersonality reads the text of a personality file, eight hexadecimal
// digits.
func ParsePersonality(b []byte) (Personality, error) {
	v, err := oneHex("personality", b)
	return Personality(v), err
}

// Personality reads /proc/PID/personality (2.6.28). It takes the right to
// attach to the process (PTRACE_MODE_ATTACH_FSCREDS).
func (d *dir) Personality() (Personality, error) { return scalar(d, "personality", ParsePersonality) }
