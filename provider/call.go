package provider

import "golang.org/x/sys/unix"

// The unix package's calls, where a test can put a fault into them. Without the
// tag faults each is the plain call. Those that are called most are in
// fault_off.go.

// preadPart is pread for who reads on where that stops short.
func preadPart(fd int, b []byte, offset int64) (int, error) {
	return pread(fd, faultRoom("pread64", b), offset)
}

func write(fd int, b []byte) (int, error) {
	if faulty {
		if errno := fault("write"); errno != 0 {
			return -1, errno
		}
	}
	return unix.Write(fd, b)
}

func getdents(fd int, b []byte) (int, error) {
	if faulty {
		if errno := fault("getdents64"); errno != 0 {
			return -1, errno
		}
	}
	return unix.Getdents(fd, b)
}

// fstatatAny is fstatat for a file of any file system, which may take its time.
func fstatatAny(dir int, name string, st *unix.Stat_t, flags int) error {
	if faulty {
		if errno := fault("newfstatat"); errno != 0 {
			return errno
		}
	}
	return unix.Fstatat(dir, name, st, flags)
}

func fstat(fd int, st *unix.Stat_t) error {
	if faulty {
		if errno := fault("fstat"); errno != 0 {
			return errno
		}
	}
	return unix.Fstat(fd, st)
}

func openat2(dir int, name string, how *unix.OpenHow) (int, error) {
	if faulty {
		if errno := fault("openat2"); errno != 0 {
			return -1, errno
		}
	}
	return unix.Openat2(dir, name, how)
}

func duplicate(fd int) (int, error) {
	if faulty {
		if errno := fault("fcntl"); errno != 0 {
			return -1, errno
		}
	}
	return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
}

func pidfdOpen(pid, flags int) (int, error) {
	if faulty {
		if errno := fault("pidfd_open"); errno != 0 {
			return -1, errno
		}
	}
	return unix.PidfdOpen(pid, flags)
}

func pidfdSendSignal(fd int, sig unix.Signal, info *unix.Siginfo) error {
	if faulty {
		if errno := fault("pidfd_send_signal"); errno != 0 {
			return errno
		}
	}
	return unix.PidfdSendSignal(fd, sig, info, 0)
}

// waitid is for one child, which it leaves unless options say otherwise.
func waitid(kind, id int, info *unix.Siginfo, options int) error {
	if faulty {
		if errno := fault("waitid"); errno != 0 {
			return errno
		}
	}
	return unix.Waitid(kind, id, info, options, nil)
}

func lseek(fd int, offset int64, whence int) error {
	if faulty {
		if errno := fault("lseek"); errno != 0 {
			return errno
		}
	}
	_, err := unix.Seek(fd, offset, whence)
	return err
}

// setns moves the calling thread alone.
func setns(fd, kind int) error {
	if faulty {
		if errno := fault("setns"); errno != 0 {
			return errno
		}
	}
	return unix.Setns(fd, kind)
}

// capset sets the capabilities of the calling thread alone.
func capset(header *unix.CapUserHeader, data *unix.CapUserData) error {
	if faulty {
		if errno := fault("capset"); errno != 0 {
			return errno
		}
	}
	err := unix.Capset(header, data)
	if faulty && err == nil {
		err = failed(faultAfter("capset", 0))
	}
	return err
}
