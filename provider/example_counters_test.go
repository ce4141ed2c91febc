package provider_test

import (
	"fmt"
	"log"
	"time"

	"github.com/procfsd/procfsd/provider"
)

// Texts that were captured elsewhere are decoded with that machine's figures.
func ExampleSystemInfo() {
	boot, err := provider.ParseBootTime([]byte("cpu  1 2 3\nbtime 1700000000\n"))
	if err != nil {
		log.Fatal(err)
	}
	machine := provider.SystemInfo{TicksPerSecond: 100, PageSize: 16384, BootTime: boot}
	statm, err := provider.ParseStatm([]byte("270 193 179 139 0 76 0\n"))
	if err != nil {
		log.Fatal(err)
	}
	stat := provider.Stat{UTime: 150, STime: 25, StartTime: 360001}
	fmt.Println(machine.Bytes(statm.Resident), stat.CPUTime(machine))
	fmt.Println(stat.Started(machine).UTC().Format(time.RFC3339Nano))
	// Output:
	// 3162112 1.75s
	// 2023-11-14T23:13:20.01Z
}

// A thread waits in a system call, outside of one, or not at all.
func ExampleParseSyscall() {
	for _, text := range []string{"running\n", "-1 0x7ffd2 0x7f26\n", "0 0x3 0x7f74 0x20000 0x0 0x0 0x0 0x7fff 0x7f75\n"} {
		s, err := provider.ParseSyscall([]byte(text))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(s.State, s.Number, s.Args[:3])
	}
	// Output:
	// running 0 [0 0 0]
	// outside -1 [0 0 0]
	// blocked 0 [3 32628 131072]
}

// Bits of a later kernel are shown, not refused.
func ExampleTaskFlags() {
	fmt.Println(provider.TaskFlags(0x40400140))
	fmt.Println(provider.TaskFlags(0x400140).Has(provider.PFForkNoExec))
	// Output:
	// FORKNOEXEC SUPERPRIV RANDOMIZE 0x40000000
	// true
}
