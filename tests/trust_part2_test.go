package tests

// trust2 are the scenarios of faults that others make: targets that hang, a
// daemon that is killed, limits, and time.
func trust2() []scenario {
	return []scenario{
		{
			5, "64 targets whose memory is backed by a FUSE server that never answers, all read by one uid",
			"another uid's status p99 ≤ 50 ms; blocked calls end ≤ 2.5 s with a clear errno; ≤ 16 threads per uid held while the server stays stuck, none once it is killed",
			trustStuck,
		},
		{
			6, "kill -9 of the daemon with 50 blocked readers, and at 100 random moments of start-up; SIGTERM likewise",
			"readers return ≤ 1 s, no process left in D, the mountpoint usable again ≤ 1 s, 100 of 100",
			trustKill,
		},
		{
			7, "RLIMIT_NOFILE 64 and 256 on the daemon, 300 open files",
			"EMFILE or ENFILE to callers, recovery, no leak",
			trustFiles,
		},
		{
			8, "memory limit 192 MiB, 200 open maps of 65,530 lines",
			"refused with ENOMEM, daemon alive, back under 64 MiB afterwards",
			trustMemory,
		},
		{
			15, "soak: 30 minutes, ≥ 5 million operations with random kills (of targets, readers)",
			"resident memory slope < 1 MiB per 10 minutes after warm-up; descriptors, threads and goroutines flat",
			trustSoak,
		},
	}
}
