package nodes

import (
	"errors"

	"github.com/procfsd/procfsd/provider"
	"github.com/procfsd/procfsd/render"
)

// etype is the ABI by the class of the ELF file that the process executes,
// read with the caller's own right to that file.
func etype(q *Query) (render.ABI, error) {
	if q.Target.kernelThread() {
		return render.ABINull, nil
	}
	class, err := q.Caller.ELFClass(q.Target.Process)
	if errors.Is(err, provider.ErrGone) || provider.IsShortage(err) {
		return 0, err
	}
	if err != nil {
		return render.ABIUnknown, nil // FreeBSD's own word for a missing name
	}
	return abiOf(class), nil
}

func abiOf(class provider.ELFClass) render.ABI {
	switch class {
	case provider.ELF64:
		return render.ABILinux64
	case provider.ELF32:
		return render.ABILinux32
	}
	return render.ABIUnknown
}

func appendEtype(dst []byte, abi *render.ABI) []byte { return render.AppendEtype(dst, *abi) }
