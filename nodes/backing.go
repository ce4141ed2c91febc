package nodes

import (
	"bytes"

	"github.com/procfsd/procfsd/provider"
	"github.com/procfsd/procfsd/render"
)

// backing is what lies behind a mapping.
type backing uint8

const (
	backingNone      backing = iota // anonymous and never touched
	backingAnonymous                // anonymous memory of the process
	backingShared                   // shared memory without a file system: SysV, memfd
	backingFile
	backingDevice
	backingKernel // pages that the kernel lends: vdso and its like
	backingOther
)

func (b backing) objectType() render.ObjectType {
	switch b {
	case backingNone:
		return render.TypeNone
	case backingAnonymous, backingShared:
		return render.TypeSwap
	case backingFile:
		return render.TypeVnode
	case backingDevice:
		return render.TypeDevice
	case backingKernel:
		return render.TypePhys
	}
	return render.TypeUnknown
}

// backingOf tells by the name first: [vvar] carries the flags of a device.
func backingOf(m *provider.Smap) backing {
	switch {
	case isKernelPage(m.Path):
		return backingKernel
	case isPhysical(m) || isDevicePath(m.Path):
		return backingDevice
	case isSharedMemory(m.Path):
		return backingShared
	case len(m.Path) > 0 && m.Path[0] == '/':
		return backingFile
	case m.Inode != 0:
		return backingOther // anon_inode:…, socket:…
	case m.RSS+m.Swap+m.Anonymous+m.SharedHugetlb+m.PrivateHugetlb > 0:
		return backingAnonymous
	}
	return backingNone
}

// isPhysical: the pages are not the kernel's to manage.
func isPhysical(m *provider.Smap) bool {
	return m.VMFlags.Has(provider.VMPFNMap) || m.VMFlags.Has(provider.VMIO)
}

func isKernelPage(path []byte) bool {
	switch string(path) {
	case "[vdso]", "[vvar]", "[vvar_vclock]", "[vsyscall]", "[uprobes]":
		return true
	}
	return false
}

// isDevicePath takes what is mapped from /dev for a character device, but for
// the file systems that are customarily mounted there.
func isDevicePath(path []byte) bool {
	rest, ok := bytes.CutPrefix(path, []byte("/dev/"))
	if !ok || string(rest) == "zero"+deletedSuffix {
		return false
	}
	for _, mounted := range []string{"shm/", "hugepages/", "mqueue/"} {
		if bytes.HasPrefix(rest, []byte(mounted)) {
			return false
		}
	}
	return true
}

// isSharedMemory knows the names that the kernel gives to memory without a
// file: all of them look deleted, but for the named anonymous one.
func isSharedMemory(path []byte) bool {
	if bytes.HasPrefix(path, []byte("[anon_shmem:")) {
		return true
	}
	name, deleted := bytes.CutSuffix(path, []byte(deletedSuffix))
	return isSysVShm(path) || deleted && (string(name) == "/dev/zero" || bytes.HasPrefix(name, []byte("/memfd:")))
}

// isSysVShm: a segment is called /SYSV and its key in eight hexadecimal digits.
func isSysVShm(path []byte) bool {
	name, deleted := bytes.CutSuffix(path, []byte(deletedSuffix))
	key, ok := bytes.CutPrefix(name, []byte("/SYSV"))
	if !deleted || !ok || len(key) != 8 {
		return false
	}
	return len(bytes.Trim(key, "0123456789abcdef")) == 0
}

// flagsOf states what is known of the object, in FreeBSD's current values.
func flagsOf(m *provider.Smap, kind backing) render.ObjectFlags {
	switch kind {
	case backingAnonymous:
		flags := render.FlagAnon | render.FlagSwap
		if m.SharedClean+m.SharedDirty+m.SharedHugetlb == 0 {
			flags |= render.FlagOneMapping
		}
		return flags
	case backingShared:
		if isSysVShm(m.Path) {
			return render.FlagSwap | render.FlagSysVShm
		}
		return render.FlagSwap
	case backingDevice, backingKernel:
		if isPhysical(m) {
			return render.FlagFictitious | render.FlagUnmanaged
		}
	case backingFile:
		if bytes.HasPrefix(m.Path, []byte("/dev/shm/")) {
			return render.FlagColored | render.FlagPosixShm
		}
		return render.FlagColored
	}
	return 0
}
