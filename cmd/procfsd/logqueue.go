package main

import (
	"sync/atomic"
	"time"
)

// logSink takes lines away. It may take long, or fail.
type logSink interface {
	write(logLine) error
}

// logQueue stands between who logs, who must never wait, and a sink that may
// be stuck. What finds it full is lost, and counted.
type logQueue struct {
	lines   chan logLine
	sink    logSink
	notice  func(lost int64) logLine
	lost    atomic.Int64
	told    time.Time // when lines were last said to be lost
	closing chan struct{}
	done    chan struct{}
}

const (
	queuedLines  = 1024 // of at most longestLine
	lostInterval = time.Second
)

func newLogQueue(sink logSink) *logQueue {
	return &logQueue{lines: make(chan logLine, queuedLines), sink: sink,
		closing: make(chan struct{}), done: make(chan struct{})}
}

// put never blocks.
func (q *logQueue) put(l logLine) {
	select {
	case q.lines <- l:
	default:
		q.lost.Add(1)
	}
}

// run writes until the queue is closed and empty.
func (q *logQueue) run() {
	defer close(q.done)
	for {
		select {
		case l := <-q.lines:
			q.write(l)
		case <-q.closing:
			q.drain()
			return
		}
	}
}

func (q *logQueue) drain() {
	for {
		select {
		case l := <-q.lines:
			q.write(l)
		default:
			q.told = time.Time{}
			q.tellLost()
			return
		}
	}
}

func (q *logQueue) write(l logLine) {
	if q.sink.write(l) != nil {
		q.lost.Add(1)
		return
	}
	q.tellLost()
}

// tellLost waits for a moment of quiet, lest who has too much to read gets twice
// as much; but not for ever.
func (q *logQueue) tellLost() {
	if len(q.lines) > 0 && time.Since(q.told) < lostInterval {
		return
	}
	n := q.lost.Swap(0)
	if n == 0 {
		return
	}
	q.told = time.Now()
	if q.sink.write(q.notice(n)) != nil {
		q.lost.Add(n)
	}
}

// close gives what is queued some time to be written. Nothing may be put
// afterwards that matters.
func (q *logQueue) close(flush time.Duration) {
	close(q.closing)
	select {
	case <-q.done:
	case <-time.After(flush):
	}
}
