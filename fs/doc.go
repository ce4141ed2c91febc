// Package fs serves the tree over FUSE. It knows go-fuse's raw protocol:
// computed node ids, handles, callers, offsets, caching, the request loop and
// the errnos. It must not know what any node contains.
//
// A request comes in through loop.go, where one worker reads: worker.go has it
// answered in place, or beside the reading where it may block, and watch.go
// looks after both. hot.go answers OPEN, READ and RELEASE, go-fuse parses all
// others, and both end in the methods of raw.
//
// It is stateless but for open handles. A node id is the process, its start
// and the row ([id]); there are no inode objects, and forgetting is free.
// Entries may be cached for long, attributes never: identity, visibility and
// rights are asked for again at every open, getattr, readlink, read and write.
package fs
