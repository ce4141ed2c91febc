package fs

import (
	"unsafe"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// hot answers what nearly all requests are: OPEN, READ, RELEASE. go-fuse would
// do the same, and allocate for each request what it might need for any.
type hot struct {
	*raw
	rest handler // go-fuse, for all others
}

func (s hot) HandleRequest(in, out [][]byte) (int, fuse.Status) {
	request, reply := in[0], out[0]
	size := s.serve((*fuse.InHeader)(unsafe.Pointer(&request[0])), len(request), reply)
	if size < 0 {
		return s.rest.HandleRequest(in, out)
	}
	return size, fuse.OK
}

// serve gives the size of the reply, or -1 for what is not hot. A request is
// as long as its opcode says, and a reply has room for what was asked for, or
// go-fuse may say what is wrong with it.
func (s hot) serve(h *fuse.InHeader, size int, reply []byte) int {
	body := reply[headerOutSize:]
	switch {
	case h.Opcode == opRead && size >= int(unsafe.Sizeof(fuse.ReadIn{})):
		in := (*fuse.ReadIn)(unsafe.Pointer(h))
		if int64(in.Size) > int64(len(body)) {
			return -1
		}
		return s.answer(h, reply, func() (int, fuse.Status) { return s.read(in, body) })
	case h.Opcode == opOpen && size >= int(unsafe.Sizeof(fuse.OpenIn{})):
		out := (*fuse.OpenOut)(unsafe.Pointer(&body[0]))
		*out = fuse.OpenOut{}
		return s.answer(h, reply, func() (int, fuse.Status) {
			return int(unsafe.Sizeof(*out)), s.Open(nil, (*fuse.OpenIn)(unsafe.Pointer(h)), out)
		})
	case h.Opcode == opRelease && size >= int(unsafe.Sizeof(fuse.ReleaseIn{})):
		return s.answer(h, reply, func() (int, fuse.Status) {
			s.Release(nil, (*fuse.ReleaseIn)(unsafe.Pointer(h)))
			return 0, fuse.OK
		})
	}
	return -1
}

// answer writes the header before what fn has put into the reply. One bad text
// must not end everybody's mount.
func (s hot) answer(h *fuse.InHeader, reply []byte, fn func() (int, fuse.Status)) (size int) {
	out := (*fuse.OutHeader)(unsafe.Pointer(&reply[0]))
	defer func() {
		if v := recover(); v != nil {
			*out = fuse.OutHeader{Unique: h.Unique, Status: -int32(s.ioStatus(newPanicked(v)))}
		}
		if out.Status != 0 {
			size = 0
		}
		size += headerOutSize
		out.Length = uint32(size)
	}()
	size, status := fn()
	*out = fuse.OutHeader{Unique: h.Unique, Status: -int32(status)}
	return size
}
