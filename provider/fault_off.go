//go:build !faults

package provider

import "golang.org/x/sys/unix"

// These mark where the build with the tag faults lets a test fail a system
// call, which it names (fault.go). Here nothing is left of them; faulty is asked
// beforehand where the compiler would else not inline the call.

const faulty = false

func fault(string) unix.Errno                          { return 0 }
func faultAfter(_ string, errno unix.Errno) unix.Errno { return errno }
func faultRoom(_ string, b []byte) []byte              { return b }

// pread fills as much of b as the kernel gives.
func pread(fd int, b []byte, offset int64) (int, error)  { return unix.Pread(fd, b, offset) }
func pwrite(fd int, b []byte, offset int64) (int, error) { return unix.Pwrite(fd, b, offset) }

// setres is setresuid(2) or setresgid(2) of the calling thread alone, of the real
// and the effective id.
func setres(call, real, effective uintptr) error {
	_, _, errno := unix.RawSyscall(call, real, effective, ^uintptr(0))
	return failed(errno)
}
