package provider

import "strconv"

// ParseOOMScore reads the text of an oom_score file.
func ParseOOMScore(b []byte) (uint64, error) { return oneNumber("oom_score", b) }

// ParseOOMScoreAdj reads the text of an oom_score_adj or an oom_adj file.
func ParseOOMScoreAdj(b []byte) (int, error) { return oneSigned("oom_score_adj", b) }

// OOMScore is how eligible the process is to be killed when memory runs out,
// the higher the sooner (/proc/PID/oom_score, 2.6.11). It compares processes of
// one kernel: the scale differs between releases. A small process without
// adjustment shows 0 in 2.6.36 to 5.8, and 666 since.
func (d *dir) OOMScore() (uint64, error) { return scalar(d, "oom_score", ParseOOMScore) }

// OOMScoreAdj is what is added to the score, -1000 (never killed) to 1000
// (/proc/PID/oom_score_adj, 2.6.36).
func (d *dir) OOMScoreAdj() (int, error) { return scalar(d, "oom_score_adj", ParseOOMScoreAdj) }

// SetOOMScoreAdj writes /proc/PID/oom_score_adj, for all processes that share
// this one's memory. A value beyond -1000…1000 is EINVAL; one below what was
// last set with CAP_SYS_RESOURCE is EACCES without that capability.
func (d *dir) SetOOMScoreAdj(adj int) error { return d.write("oom_score_adj", strconv.Itoa(adj)) }

// OOMAdj is OOMScoreAdj on the scale of old, -17 to 15 (/proc/PID/oom_adj,
// 2.6.11). The kernel keeps it for old programs only and computes it from the
// other, so there is no setter here.
func (d *dir) OOMAdj() (int, error) { return scalar(d, "oom_adj", ParseOOMScoreAdj) }
