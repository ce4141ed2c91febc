// Ps prints the processes of the caller's user on the caller's terminal, as
// ps(1) does without options.
package main

import (
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/procfsd/procfsd/provider"
)

func main() {
	log.SetFlags(0)
	if err := list(); err != nil {
		log.Fatal("ps: ", err)
	}
}

func list() error {
	var own provider.Stat
	me, err := provider.Self()
	if err != nil {
		return err
	}
	defer me.Close()
	if err := me.Stat(&own); err != nil {
		return err
	}
	fmt.Printf("%7s %-8s %8s %s\n", "PID", "TTY", "TIME", "CMD")
	var stat provider.Stat
	var status provider.Status
	for p, err := range provider.All() {
		if err == nil {
			err = p.Stat(&stat)
		}
		if err == nil && stat.TTYNr == own.TTYNr {
			err = p.Status(&status)
		}
		switch {
		case errors.Is(err, provider.ErrGone): // it ended meanwhile
		case err != nil:
			return err
		case stat.TTYNr == own.TTYNr && status.UID.Effective == uint32(os.Geteuid()):
			show(&stat)
		}
	}
	return nil
}

func show(s *provider.Stat) {
	tty := provider.TTYName(s.TTY())
	if tty == "" {
		tty = "?"
	}
	name := s.Comm.String()
	if s.State == provider.StateZombie {
		name += " <defunct>"
	}
	const ticks = 100 // a second
	used := (s.UTime + s.STime) / ticks
	fmt.Printf("%7d %-8s %02d:%02d:%02d %s\n", s.PID, tty, used/3600, used/60%60, used%60, name)
}
