// Package provider is a library about Linux processes: what /proc says of
// them, pinned to the process and never to its bare number.
//
// # A short course
//
// Begin with a process. [Self] is the calling one, [Open] takes a number:
//
//	p, err := provider.Open(42)
//	defer p.Close()
//
// A [Process] holds a descriptor of its directory, so it stays the process
// that it was opened on. When that is gone every method, a setter too, fails
// with [ErrGone], even if the number belongs to somebody else by then. Gone is
// what has exited and was waited for: a zombie still has its stat, status and
// the like, but [Process.Running] is false. A [Task] is the same for a thread,
// and has the same methods where the kernel has the same files.
//
// Methods are named after the files. Records of fixed size are read into what
// you keep, and allocate nothing; lists are returned; what may be long comes
// as an iterator, or through a callback that is lent one entry at a time:
//
//	var st provider.Stat
//	err = p.Stat(&st)                       // one file, no allocation
//	mounts, err := p.Mountinfo()            // all at once
//	for fd, err := range p.FDs() { … }      // one by one, each with its error
//	err = p.EachMapping(func(m *provider.Mapping) error { … })
//
// To look at all processes, walk. [All] pins one after the other and holds two
// descriptors however many there are; what ends meanwhile is an error of its
// own, to be skipped. The Process is the walk's, and closed with the next step:
// keep a [Process.Clone], not the pointer. [FS.AllStat] and [FS.AllStatus] read
// just that file of each, which is cheaper still:
//
//	for p, err := range provider.All() {
//		if errors.Is(err, provider.ErrGone) {
//			continue
//		}
//		…
//	}
//
// Ask again and again with a [Sampler]: it keeps the files open, and opening is
// most of the price of a small one. A server that many ask has its root keep
// them ([FS.Keep]). Wait for the end of a process with [Process.Wait], and
// signal it, whoever has its number then, with [Process.Signal].
//
// # Other roots
//
// An [FS] is a procfs root: the machine's own ([OpenFS] of "/proc", which is
// what Open, Self and All use), a private instance that nothing can be mounted
// over ([NewInstance]), a container's, or a captured tree of plain files. All
// that reads texts and links works on all of them.
//
// Capture the files that you want one by one; cp(1) of a whole directory would
// write hundreds of gigabytes, for it copies pagemap too:
//
//	mkdir -p /srv/capture/42; cp /proc/stat /srv/capture
//	cd /proc/42; cp -a stat status cmdline environ smaps exe fd fdinfo /srv/capture/42
//
// In such a tree walks go in the order of the directory, [FD].Mode says nothing,
// and namespaces, which are no texts, are ErrNotSupported.
//
// # Texts
//
// Every text of the kernel has a pure parser, for bytes from anywhere:
// [ParseStat], [ParseMountinfo], [ParseFDInfo] … They take what any kernel
// writes: missing lines are no error, for presence decides and Has tells; lines,
// flags and options unknown here are kept, mostly in a field Unknown. Names and
// paths are bytes, not UTF-8, and come without the kernel's escapes. A text that
// is not of its form, or was cut short, is [ErrMalformed] with a zero result.
//
// # Errors
//
// Each error is an [*Error], which says what was tried on which file of which
// process and wraps its class:
//
//	ErrGone          it has exited; answers to fs.ErrNotExist as well
//	ErrNotSupported  this kernel, or this kind of process, has no such file
//	fs.ErrPermission the kernel refuses it to us
//	ErrMalformed, ErrTooBig, ErrBusy
//
// # Asking for others
//
// A server that answers for others asks an [Authority] who its [Caller] is and
// reads the gated files through that caller: the thread borrows the caller's
// effective ids and capabilities, lets the kernel decide, and gives them back.
// A [Tracer] reads and sets registers.
//
// The package knows Linux. It must not know FUSE, nor FreeBSD.
//
// # From Rust
//
// Who knows the Rust module procfs::process finds here what each of its items
// is called: "item = name: member name, member name". A member's name belongs to
// the item's; one after a dot stands on its own, and one with a dot inside says
// its type.
//
//	all_processes = All
//	all_processes_with_root = FS.All OpenFS
//	ProcessesIter = FS.All
//	Process = Process: pid PID, new .Open, new_with_root .OpenPath, myself .Self, is_alive Running, uid Owner, gid Owner,
//	  cmdline Cmdline AppendCmdline, environ Environ AppendEnviron, exe Exe, cwd Cwd, root Root, stat Stat, status Status, statm Statm, io IO,
//	  limits Limits, maps Maps EachMapping, smaps Smaps EachSmap, smaps_rollup SmapsRollup, mountinfo Mountinfo MountLines,
//	  mountstats Mountstats, fd_count FDCount, fd FDs FDTargets, fd_from_fd FD, namespaces NamespaceMap Namespaces, cgroups Cgroup,
//	  schedstat Schedstat, syscall Syscall, wchan WChan, autogroup Autogroup SetAutogroupNice, auxv Auxv,
//	  coredump_filter CoredumpFilter SetCoredumpFilter, clear_refs ClearRefs, pagemap OpenPagemap, mem OpenMemory, oom_score OOMScore,
//	  oom_score_adj OOMScoreAdj, set_oom_score_adj SetOOMScoreAdj, loginuid LoginUID, tasks Tasks, task_from_tid Task, task_main_thread MainTask,
//	  tcp TCP, tcp6 TCP6, udp UDP, udp6 UDP6, unix Unix, arp ARP, route Route, dev_status NetDev, snmp SNMP, snmp6 SNMP6, open_relative OpenFile,
//	  open_relative_flags OpenFile, read ReadInto Read, read_si ReadInto
//	TasksIter = Process.Tasks
//	FDsIter = Process.FDs
//	Task = Task: pid PID, tid TID, stat Stat, status Status, io IO, schedstat Schedstat, syscall Syscall, children Children Process.Children,
//	  read ReadInto Read
//	Stat = Stat: pid PID, comm Comm, state State, ppid PPID, pgrp PGRP, session Session, tty_nr TTYNr, tpgid TPGID, flags Flags, minflt MinFlt,
//	  cminflt CMinFlt, majflt MajFlt, cmajflt CMajFlt, utime UTime, stime STime, cutime CUTime, cstime CSTime, priority Priority, nice Nice,
//	  num_threads NumThreads, itrealvalue ITRealValue, starttime StartTime Started, vsize VSize, rss RSS, rsslim RSSLim, startcode StartCode,
//	  endcode EndCode, startstack StartStack, kstkesp KStkESP, kstkeip KStkEIP, signal Signal, blocked Blocked, sigignore SigIgnore,
//	  sigcatch SigCatch, wchan WChan, nswap NSwap, cnswap CNSwap, exit_signal ExitSignal, processor Processor, rt_priority RTPriority,
//	  policy Policy, delayacct_blkio_ticks DelayacctBlkIOTicks, guest_time GuestTime, cguest_time CGuestTime, start_data StartData,
//	  end_data EndData, start_brk StartBrk, arg_start ArgStart, arg_end ArgEnd, env_start EnvStart, env_end EnvEnd, exit_code ExitCode,
//	  rss_bytes RSSBytes
//	Status = Status: name Name, umask Umask, state State, tgid TGID, ngid NGID, pid PID, ppid PPID, tracerpid TracerPID, ruid UID IDs.Real,
//	  euid IDs.Effective, suid IDs.Saved, fuid IDs.FS, rgid GID IDs.Real, egid IDs.Effective, sgid IDs.Saved, fgid IDs.FS, fdsize FDSize,
//	  groups Groups, nstgid NSTGID, nspid NSPID, nspgid NSPGID, nssid NSSID, vmpeak VMPeak, vmsize VMSize, vmlck VMLck, vmpin VMPin, vmhwm VMHWM,
//	  vmrss VMRSS, rssanon RSSAnon, rssfile RSSFile, rssshmem RSSShmem, vmdata VMData, vmstk VMStk, vmexe VMExe, vmlib VMLib, vmpte VMPTE,
//	  vmswap VMSwap, hugetlbpages HugetlbPages, threads Threads, sigq SigQ, sigpnd SigPnd, shdpnd ShdPnd, sigblk SigBlk, sigign SigIgn,
//	  sigcgt SigCgt, capinh CapInh, capprm CapPrm, capeff CapEff, capbnd CapBnd, capamb CapAmb, nonewprivs NoNewPrivs, seccomp Seccomp,
//	  speculation_store_bypass SpeculationStoreBypass, cpus_allowed CPUsAllowed, cpus_allowed_list CPUsAllowedList, mems_allowed MemsAllowed,
//	  mems_allowed_list MemsAllowedList, voluntary_ctxt_switches VoluntaryCtxtSwitches, nonvoluntary_ctxt_switches NonvoluntaryCtxtSwitches,
//	  core_dumping CoreDumping, thp_enabled THPEnabled
//	StatM = Statm: size Size, resident Resident, shared Shared, text Text, lib Lib, data Data, dt DT
//	Schedstat = Schedstat: sum_exec_runtime SumExecRuntime, run_delay RunDelay, pcount PCount
//	Io = IO: rchar RChar, wchar WChar, syscr SyscR, syscw SyscW, read_bytes ReadBytes, write_bytes WriteBytes,
//	  cancelled_write_bytes CancelledWriteBytes
//	Limits = Limits: max_cpu_time CPUTime, max_file_size FileSize, max_data_size DataSize, max_stack_size StackSize,
//	  max_core_file_size CoreFileSize, max_resident_set ResidentSet, max_processes Processes, max_open_files OpenFiles,
//	  max_locked_memory LockedMemory, max_address_space AddressSpace, max_file_locks FileLocks, max_pending_signals PendingSignals,
//	  max_msgqueue_size MsgqueueSize, max_nice_priority NicePriority, max_realtime_priority RealtimePriority,
//	  max_realtime_timeout RealtimeTimeout
//	Limit = Limit: soft_limit Soft, hard_limit Hard
//	MemoryMaps = Mapping Smap ParseMaps: 0 Process.Maps Process.Smaps, iter Process.EachMapping Process.EachSmap, len Process.Maps Process.Smaps
//	MemoryMap = Mapping Smap: address Start End, perms Perms, offset Offset, dev Dev, inode Inode, pathname Path Kind, extension .Smap
//	MMapExtension = Smap: map Has Unknown, vm_flags VMFlags, is_empty Has
//	SmapsRollup = Smap: memory_map_rollup Process.SmapsRollup
//	MountInfos = Mount: 0 Process.Mountinfo, iter Process.MountLines .MountLines
//	MountInfo = Mount MountLine: mnt_id ID, pid ParentID, majmin Dev, root Root, mount_point MountPoint, mount_options Options,
//	  opt_fields Shared Master, fs_type FSType, mount_source Source, super_options SuperOptions, from_line .ParseMountinfoLine
//	MountStats = MountStat: 0 Process.Mountstats
//	MountStat = MountStat: device Device NoDevice, mount_point MountPoint, fs FSType, statistics NFS
//	MountNFSStatistics = NFSStats: version Version, opts Options, age Age, caps CapsOptions, sec Sec, events Events, bytes Bytes,
//	  per_op_stats Ops Op, server_caps Caps
//	NFSEventCounter = NFSEvents: inode_revalidate InodeRevalidate, deny_try_revalidate DentryRevalidate, data_invalidate DataInvalidate,
//	  attr_invalidate AttrInvalidate, vfs_open VFSOpen, vfs_lookup VFSLookup, vfs_access VFSAccess, vfs_update_page VFSUpdatePage,
//	  vfs_read_page VFSReadPage, vfs_read_pages VFSReadPages, vfs_write_page VFSWritePage, vfs_write_pages VFSWritePages,
//	  vfs_get_dents VFSGetdents, vfs_set_attr VFSSetattr, vfs_flush VFSFlush, vfs_fs_sync VFSFsync, vfs_lock VFSLock, vfs_release VFSRelease,
//	  congestion_wait CongestionWait, set_attr_trunc SetattrTrunc, extend_write ExtendWrite, silly_rename SillyRename, short_read ShortRead,
//	  short_write ShortWrite, delay Delay, pnfs_read PNFSRead, pnfs_write PNFSWrite
//	NFSByteCounter = NFSBytes: normal_read NormalRead, normal_write NormalWrite, direct_read DirectRead, direct_write DirectWrite,
//	  server_read ServerRead, server_write ServerWrite, pages_read PagesRead, pages_write PagesWrite
//	NFSOperationStat = NFSOp: operations Operations, transmissions Transmissions, major_timeouts MajorTimeouts, bytes_sent BytesSent,
//	  bytes_recv BytesRecv, cum_queue_time CumQueueTime, cum_resp_time CumRespTime, cum_total_req_time CumTotalReqTime
//	NFSPerOpStats = NFSOp
//	FDInfo = FD: fd N, mode Mode, target Target, from_raw_fd Process.FD, from_raw_fd_with_root Process.FD
//	Namespaces = NamespaceEntry: 0 Process.NamespaceMap Process.Namespaces
//	Namespace = NamespaceEntry Namespace: ns_type Name Kind, path Process.OpenNamespace, identifier Namespace.Inode, device_id Namespace.Dev
//	ProcessCGroups = Cgroups: 0 Process.Cgroup
//	ProcessCGroup = Cgroup: hierarchy Hierarchy, controllers Controllers Name, pathname Path
//	PageMap = Pagemap: get_info Info, get_range_info Range Infos
//	PageInfo = PageInfo: MemoryPage Present, SwapPage Swapped, parse_info .ParsePageInfo
//	Pfn = PageInfo: 0 PFN
//	TcpNetEntries = ParseInetSockets: 0 .ParseInetSockets
//	TcpNetEntry = InetSocket: local_address Local, remote_address Remote, state State, rx_queue RxQueue, tx_queue TxQueue, uid UID, inode Inode
//	UdpNetEntries = ParseInetSockets: 0 .ParseInetSockets
//	UdpNetEntry = InetSocket: local_address Local, remote_address Remote, state State, rx_queue RxQueue, tx_queue TxQueue, uid UID, inode Inode
//	UnixNetEntries = ParseUnixSockets: 0 .ParseUnixSockets
//	UnixNetEntry = UnixSocket: ref_count RefCount, socket_type Type, state State, inode Inode, path Path
//	ArpEntries = ParseARP: 0 .ParseARP
//	ARPEntry = ARPEntry: ip_address IP, hw_type HWType, flags Flags, hw_address HWAddress, device Device
//	RouteEntries = ParseRoute: 0 .ParseRoute
//	RouteEntry = Route: iface Iface, destination Destination, gateway Gateway, flags Flags, refcnt RefCnt, in_use Use, metrics Metric, mask Mask,
//	  mtu MTU, window Window, irtt IRTT
//	InterfaceDeviceStatus = ParseNetDev: 0 .ParseNetDev
//	DeviceStatus = NetDev: name Name, recv_bytes RecvBytes, recv_packets RecvPackets, recv_errs RecvErrs, recv_drop RecvDrop, recv_fifo RecvFIFO,
//	  recv_frame RecvFrame, recv_compressed RecvCompressed, recv_multicast RecvMulticast, sent_bytes SentBytes, sent_packets SentPackets,
//	  sent_errs SentErrs, sent_drop SentDrop, sent_fifo SentFIFO, sent_colls SentColls, sent_carrier SentCarrier, sent_compressed SentCompressed
//	Snmp = SNMP: ip_forwarding IPForwarding, ip_default_ttl IPDefaultTTL, ip_in_receives IPInReceives, ip_in_hdr_errors IPInHdrErrors,
//	  ip_in_addr_errors IPInAddrErrors, ip_forw_datagrams IPForwDatagrams, ip_in_unknown_protos IPInUnknownProtos, ip_in_discards IPInDiscards,
//	  ip_in_delivers IPInDelivers, ip_out_requests IPOutRequests, ip_out_discards IPOutDiscards, ip_out_no_routes IPOutNoRoutes,
//	  ip_reasm_timeout IPReasmTimeout, ip_reasm_reqds IPReasmReqds, ip_reasm_oks IPReasmOKs, ip_reasm_fails IPReasmFails, ip_frag_oks IPFragOKs,
//	  ip_frag_fails IPFragFails, ip_frag_creates IPFragCreates, icmp_in_msgs ICMPInMsgs, icmp_in_errors ICMPInErrors,
//	  icmp_in_csum_errors ICMPInCsumErrors, icmp_in_dest_unreachs ICMPInDestUnreachs, icmp_in_time_excds ICMPInTimeExcds,
//	  icmp_in_parm_probs ICMPInParmProbs, icmp_in_src_quenchs ICMPInSrcQuenchs, icmp_in_redirects ICMPInRedirects, icmp_in_echos ICMPInEchos,
//	  icmp_in_echo_reps ICMPInEchoReps, icmp_in_timestamps ICMPInTimestamps, icmp_in_timestamp_reps ICMPInTimestampReps,
//	  icmp_in_addr_masks ICMPInAddrMasks, icmp_in_addr_mask_reps ICMPInAddrMaskReps, icmp_out_msgs ICMPOutMsgs, icmp_out_errors ICMPOutErrors,
//	  icmp_out_dest_unreachs ICMPOutDestUnreachs, icmp_out_time_excds ICMPOutTimeExcds, icmp_out_parm_probs ICMPOutParmProbs,
//	  icmp_out_src_quenchs ICMPOutSrcQuenchs, icmp_out_redirects ICMPOutRedirects, icmp_out_echos ICMPOutEchos,
//	  icmp_out_echo_reps ICMPOutEchoReps, icmp_out_timestamps ICMPOutTimestamps, icmp_out_timestamp_reps ICMPOutTimestampReps,
//	  icmp_out_addr_masks ICMPOutAddrMasks, icmp_out_addr_mask_reps ICMPOutAddrMaskReps, tcp_rto_algorithm TCPRTOAlgorithm,
//	  tcp_rto_min TCPRTOMin, tcp_rto_max TCPRTOMax, tcp_max_conn TCPMaxConn, tcp_active_opens TCPActiveOpens, tcp_passive_opens TCPPassiveOpens,
//	  tcp_attempt_fails TCPAttemptFails, tcp_estab_resets TCPEstabResets, tcp_curr_estab TCPCurrEstab, tcp_in_segs TCPInSegs,
//	  tcp_out_segs TCPOutSegs, tcp_retrans_segs TCPRetransSegs, tcp_in_errs TCPInErrs, tcp_out_rsts TCPOutRsts,
//	  tcp_in_csum_errors TCPInCsumErrors, udp_in_datagrams UDPInDatagrams, udp_no_ports UDPNoPorts, udp_in_errors UDPInErrors,
//	  udp_out_datagrams UDPOutDatagrams, udp_rcvbuf_errors UDPRcvbufErrors, udp_sndbuf_errors UDPSndbufErrors,
//	  udp_in_csum_errors UDPInCsumErrors, udp_ignored_multi UDPIgnoredMulti, udp_lite_in_datagrams UDPLiteInDatagrams,
//	  udp_lite_no_ports UDPLiteNoPorts, udp_lite_in_errors UDPLiteInErrors, udp_lite_out_datagrams UDPLiteOutDatagrams,
//	  udp_lite_rcvbuf_errors UDPLiteRcvbufErrors, udp_lite_sndbuf_errors UDPLiteSndbufErrors, udp_lite_in_csum_errors UDPLiteInCsumErrors,
//	  udp_lite_ignored_multi UDPLiteIgnoredMulti
//	Snmp6 = SNMP6: ip_in_receives IP6InReceives, ip_in_hdr_errors IP6InHdrErrors, ip_in_too_big_errors IP6InTooBigErrors,
//	  ip_in_no_routes IP6InNoRoutes, ip_in_addr_errors IP6InAddrErrors, ip_in_unknown_protos IP6InUnknownProtos,
//	  ip_in_truncated_pkts IP6InTruncatedPkts, ip_in_discards IP6InDiscards, ip_in_delivers IP6InDelivers,
//	  ip_out_forw_datagrams IP6OutForwDatagrams, ip_out_requests IP6OutRequests, ip_out_discards IP6OutDiscards, ip_out_no_routes IP6OutNoRoutes,
//	  ip_reasm_timeout IP6ReasmTimeout, ip_reasm_reqds IP6ReasmReqds, ip_reasm_oks IP6ReasmOKs, ip_reasm_fails IP6ReasmFails,
//	  ip_frag_oks IP6FragOKs, ip_frag_fails IP6FragFails, ip_frag_creates IP6FragCreates, ip_in_mcast_pkts IP6InMcastPkts,
//	  ip_out_mcast_pkts IP6OutMcastPkts, ip_in_octets IP6InOctets, ip_out_octets IP6OutOctets, ip_in_mcast_octets IP6InMcastOctets,
//	  ip_out_mcast_octets IP6OutMcastOctets, ip_in_bcast_octets IP6InBcastOctets, ip_out_bcast_octets IP6OutBcastOctets,
//	  ip_in_no_ect_pkts IP6InNoECTPkts, ip_in_ect1_pkts IP6InECT1Pkts, ip_in_ect0_pkts IP6InECT0Pkts, ip_in_ce_pkts IP6InCEPkts,
//	  icmp_in_msgs ICMP6InMsgs, icmp_in_errors ICMP6InErrors, icmp_out_msgs ICMP6OutMsgs, icmp_out_errors ICMP6OutErrors,
//	  icmp_in_csum_errors ICMP6InCsumErrors, icmp_in_dest_unreachs ICMP6InDestUnreachs, icmp_in_pkt_too_bigs ICMP6InPktTooBigs,
//	  icmp_in_time_excds ICMP6InTimeExcds, icmp_in_parm_problem ICMP6InParmProblems, icmp_in_echos ICMP6InEchos,
//	  icmp_in_echo_replies ICMP6InEchoReplies, icmp_in_group_memb_queries ICMP6InGroupMembQueries,
//	  icmp_in_group_memb_responses ICMP6InGroupMembResponses, icmp_in_group_memb_reductions ICMP6InGroupMembReductions,
//	  icmp_in_router_solicits ICMP6InRouterSolicits, icmp_in_router_advertisements ICMP6InRouterAdvertisements,
//	  icmp_in_neighbor_solicits ICMP6InNeighborSolicits, icmp_in_neighbor_advertisements ICMP6InNeighborAdvertisements,
//	  icmp_in_redirects ICMP6InRedirects, icmp_in_mldv2_reports ICMP6InMLDv2Reports, icmp_out_dest_unreachs ICMP6OutDestUnreachs,
//	  icmp_out_pkt_too_bigs ICMP6OutPktTooBigs, icmp_out_time_excds ICMP6OutTimeExcds, icmp_out_parm_problems ICMP6OutParmProblems,
//	  icmp_out_echos ICMP6OutEchos, icmp_out_echo_replies ICMP6OutEchoReplies, icmp_out_group_memb_queries ICMP6OutGroupMembQueries,
//	  icmp_out_group_memb_responses ICMP6OutGroupMembResponses, icmp_out_group_memb_reductions ICMP6OutGroupMembReductions,
//	  icmp_out_router_solicits ICMP6OutRouterSolicits, icmp_out_router_advertisements ICMP6OutRouterAdvertisements,
//	  icmp_out_neighbor_solicits ICMP6OutNeighborSolicits, icmp_out_neighbor_advertisements ICMP6OutNeighborAdvertisements,
//	  icmp_out_redirects ICMP6OutRedirects, icmp_out_mldv2_reports ICMP6OutMLDv2Reports, udp_in_datagrams UDP6InDatagrams,
//	  udp_no_ports UDP6NoPorts, udp_in_errors UDP6InErrors, udp_out_datagrams UDP6OutDatagrams, udp_rcvbuf_errors UDP6RcvbufErrors,
//	  udp_sndbuf_errors UDP6SndbufErrors, udp_in_csum_errors UDP6InCsumErrors, udp_ignored_multi UDP6IgnoredMulti,
//	  udp_lite_in_datagrams UDPLite6InDatagrams, udp_lite_no_ports UDPLite6NoPorts, udp_lite_in_errors UDPLite6InErrors,
//	  udp_lite_out_datagrams UDPLite6OutDatagrams, udp_lite_rcvbuf_errors UDPLite6RcvbufErrors, udp_lite_sndbuf_errors UDPLite6SndbufErrors,
//	  udp_lite_in_csum_errors UDPLite6InCsumErrors
//	TcpState = TCPState: Established .TCPEstablished, SynSent .TCPSynSent, SynRecv .TCPSynRecv, FinWait1 .TCPFinWait1, FinWait2 .TCPFinWait2,
//	  TimeWait .TCPTimeWait, Close .TCPClose, CloseWait .TCPCloseWait, LastAck .TCPLastAck, Listen .TCPListen, Closing .TCPClosing,
//	  NewSynRecv .TCPNewSynRecv, from_u8 .TCPState, to_u8 .TCPState
//	UdpState = TCPState: Established .TCPEstablished, Close .TCPClose, from_u8 .TCPState, to_u8 .TCPState
//	UnixState = UnixState: UNCONNECTED .UnixUnconnected, CONNECTING .UnixConnecting, CONNECTED .UnixConnected, DISCONNECTING .UnixDisconnecting,
//	  from_u8 .UnixState, to_u8 .UnixState
//	IpForwarding = IPForwarding: Forwarding .Forwarding, NotForwarding .NotForwarding, from_u8 .IPForwarding, to_u8 .IPForwarding
//	TcpRtoAlgorithm = RTOAlgorithm: Other .RTOOther, Constant .RTOConstant, Rsre .RTORsre, Vanj .RTOVanj, from_u8 .RTOAlgorithm,
//	  to_u8 .RTOAlgorithm
//	ARPHardware = ARPHardware: NETROM .ARPNetROM, ETHER .ARPEther, EETHER .ARPEEther, AX25 .ARPAX25, PRONET .ARPProNET, CHAOS .ARPChaos,
//	  IEEE802 .ARPIEEE802, ARCNET .ARPArcnet, APPLETLK .ARPAppleTalk, DLCI .ARPDLCI, ATM .ARPATM, METRICOM .ARPMetricom, IEEE1394 .ARPIEEE1394,
//	  EUI64 .ARPEUI64, INFINIBAND .ARPInfiniBand
//	ARPFlags = ARPFlags: COM .ARPComplete, PERM .ARPPermanent, PUBL .ARPPublish, USETRAILERS .ARPTrailers, NETMASK .ARPNetmask,
//	  DONTPUB .ARPDontPublish
//	ProcState = ProcState: Running .StateRunning, Sleeping .StateSleeping, Waiting .StateWaiting, Zombie .StateZombie, Stopped .StateStopped,
//	  Tracing .StateTracing, Dead .StateDead, Wakekill .StateWakekill, Waking .StateWaking, Parked .StateParked, Idle .StateIdle,
//	  from_char .ProcState, from_str .ProcState
//	StatFlags = TaskFlags: PF_IDLE .PFIdle, PF_EXITING .PFExiting, PF_EXITPIDONE .PFOldExitPIDone, PF_VCPU .PFVCPU .PFOldVCPU,
//	  PF_WQ_WORKER .PFWQWorker, PF_FORKNOEXEC .PFForkNoExec, PF_MCE_PROCESS .PFMCEProcess, PF_SUPERPRIV .PFSuperPriv, PF_DUMPCORE .PFDumpCore,
//	  PF_SIGNALED .PFSignaled, PF_MEMALLOC .PFMemalloc, PF_NPROC_EXCEEDED .PFNprocExceeded, PF_USED_MATH .PFUsedMath,
//	  PF_USED_ASYNC .PFOldUsedAsync, PF_NOFREEZE .PFNoFreeze, PF_FROZEN .PFOldFrozen, PF_KSWAPD .PFKswapd, PF_MEMALLOC_NOFS .PFMemallocNoFS,
//	  PF_MEMALLOC_NOIO .PFMemallocNoIO, PF_LESS_THROTTLE .PFOldLessThrottle, PF_KTHREAD .PFKthread, PF_RANDOMIZE .PFRandomize,
//	  PF_SWAPWRITE .PFOldSwapWrite, PF_MEMSTALL .PFOldMemstall, PF_UMH .PFOldUMH, PF_NO_SETAFFINITY .PFNoSetAffinity, PF_MCE_EARLY .PFMCEEarly,
//	  PF_MEMALLOC_NOCMA .PFOldMemallocNoCMA, PF_MUTEX_TESTER .PFOldMutexTester, PF_FREEZER_SKIP .PFOldFreezerSkip, PF_SUSPEND_TASK .PFSuspendTask
//	CoredumpFlags = CoredumpFilter: ANONYMOUS_PRIVATE_MAPPINGS .CoredumpAnonPrivate, ANONYMOUS_SHARED_MAPPINGS .CoredumpAnonShared,
//	  FILEBACKED_PRIVATE_MAPPINGS .CoredumpFilePrivate, FILEBACKED_SHARED_MAPPINGS .CoredumpFileShared, ELF_HEADERS .CoredumpELFHeaders,
//	  PROVATE_HUGEPAGES .CoredumpHugePrivate, SHARED_HUGEPAGES .CoredumpHugeShared, PRIVATE_DAX_PAGES .CoredumpDAXPrivate,
//	  SHARED_DAX_PAGES .CoredumpDAXShared
//	MMPermissions = Perms: NONE .Perms, READ .PermRead, WRITE .PermWrite, EXECUTE .PermExecute, SHARED .PermShared, PRIVATE .PermShared,
//	  as_str String, from_str .ParseMapping
//	VmFlags = VMFlags: NONE .VMFlags, RD .VMRead, WR .VMWrite, EX .VMExec, SH .VMShared, MR .VMMayRead, MW .VMMayWrite, ME .VMMayExec,
//	  MS .VMMayShare, GD .VMGrowsDown, PF .VMPFNMap, DW .VMDenyWrite, LO .VMLocked, IO .VMIO, SR .VMSeqRead, RR .VMRandRead, DC .VMDontCopy,
//	  DE .VMDontExpand, AC .VMAccount, NR .VMNoReserve, HT .VMHugeTLB, SF .VMSync, NL .VMNonlinear, AR .VMArch1, WF .VMWipeOnFork,
//	  DD .VMDontDump, SD .VMSoftDirty, MM .VMMixedMap, HG .VMHugePage, NH .VMNoHugePage, MG .VMMergeable, UM .VMUffdMissing, UW .VMUffdWP
//	MMapPath = MapKind: Path .MapPath Mapping.Path, Heap .MapHeap, Stack .MapStack, TStack .MapThreadStack Mapping.ThreadStack, Vdso .MapVDSO,
//	  Vvar .MapVVAR, Vsyscall .MapVsyscall, Rollup .MapRollup, Anonymous .MapAnonymous, Vsys .MapSysV Mapping.SysVKey,
//	  Other .MapOther .MapAnonName, from Mapping.Kind
//	FDTarget = FDTarget: Path .FDPath Deleted, Socket .FDSocket, Net .FDNet, Pipe .FDPipe, AnonInode .FDAnonInode, MemFD .FDMemFD,
//	  Other .FDOther Inode, Unknown .FDUnknown, from_str .ParseFDTarget
//	FDPermissions = FDMode: READ .FDRead, WRITE .FDWrite, EXECUTE .FDExecute
//	MountOptFields = Mount: Shared Shared, Master Master, PropagateFrom PropagateFrom, Unbindable Unbindable
//	NFSServerCaps = NFSServerCaps: NFS_CAP_READDIRPLUS .NFSCapReaddirplus, NFS_CAP_HARDLINKS .NFSCapHardlinks, NFS_CAP_SYMLINKS .NFSCapSymlinks,
//	  NFS_CAP_ACLS .NFSCapACLs, NFS_CAP_ATOMIC_OPEN .NFSCapAtomicOpen, NFS_CAP_LGOPEN .NFSCapLGOpen, NFS_CAP_FILEID .NFSCapFileID,
//	  NFS_CAP_MODE .NFSCapMode, NFS_CAP_NLINK .NFSCapNlink, NFS_CAP_OWNER .NFSCapOwner, NFS_CAP_OWNER_GROUP .NFSCapOwnerGroup,
//	  NFS_CAP_ATIME .NFSCapAtime, NFS_CAP_CTIME .NFSCapCtime, NFS_CAP_MTIME .NFSCapMtime, NFS_CAP_POSIX_LOCK .NFSCapPosixLock,
//	  NFS_CAP_UIDGID_NOMAP .NFSCapUIDGIDNomap, NFS_CAP_STATEID_NFSV41 .NFSCapStateIDNFSv41, NFS_CAP_ATOMIC_OPEN_V1 .NFSCapAtomicOpenV1,
//	  NFS_CAP_SECURITY_LABEL .NFSCapSecurityLabel, NFS_CAP_SEEK .NFSCapSeek, NFS_CAP_ALLOCATE .NFSCapAllocate,
//	  NFS_CAP_DEALLOCATE .NFSCapDeallocate, NFS_CAP_LAYOUTSTATS .NFSCapLayoutstats, NFS_CAP_CLONE .NFSCapClone, NFS_CAP_COPY .NFSCapCopy,
//	  NFS_CAP_OFFLOAD_CANCEL .NFSCapOffloadCancel
//	MemoryPageFlags = PageInfo: PFN PFN, SOFT_DIRTY SoftDirty, MMAP_EXCLUSIVE Exclusive, FILE File, SWAP Swapped, PRESENT Present,
//	  get_page_frame_number PFN
//	SwapPageFlags = PageInfo: SWAP_TYPE SwapType, SWAP_OFFSET SwapOffset, SOFT_DIRTY SoftDirty, MMAP_EXCLUSIVE Exclusive, FILE File,
//	  SWAP Swapped, PRESENT Present, get_swap_type SwapType, get_swap_offset SwapOffset
//	ClearRefs = ClearRefs: PGReferencedAll .ClearReferenced, PGReferencedAnonymous .ClearReferencedAnonymous,
//	  PGReferencedFile .ClearReferencedMapped, SoftDirty .ClearSoftDirty, PeakRSS .ClearPeakRSS, from_str .ParseClearRefs, fmt String
//	Syscall = Syscall: Running State .SyscallRunning, Blocked State .SyscallBlocked, Blocked.syscall_number Number,
//	  Blocked.argument_registers Args, Blocked.stack_pointer SP, Blocked.program_counter PC
//	LimitValue = Limit: Unlimited .Unlimited, Value Soft, from_str .ParseLimits
package provider
