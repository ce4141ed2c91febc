package main

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// logLine is one record, rendered, without its newline.
type logLine struct {
	level slog.Level
	text  string
}

// longestLine is what syslog daemons and the journal take as one.
const longestLine = 8 << 10

// lineHandler renders each record as one line: slog's own text, or, bare, the
// message and what belongs to it for a receiver that adds time and level.
type lineHandler struct {
	text slog.Handler // renders on the page
	page *page
	bare bool
	put  func(logLine)
}

// page is where the records of one log are rendered, one at a time.
type page struct {
	sync.Mutex
	bytes.Buffer
}

func newLineHandler(level slog.Level, bare bool, put func(logLine)) *lineHandler {
	options := &slog.HandlerOptions{Level: level}
	if bare {
		options.ReplaceAttr = withoutHead
	}
	p := new(page)
	return &lineHandler{text: slog.NewTextHandler(&p.Buffer, options), page: p, bare: bare, put: put}
}

func withoutHead(groups []string, a slog.Attr) slog.Attr {
	switch a.Key {
	case slog.TimeKey, slog.LevelKey, slog.MessageKey:
		if len(groups) == 0 {
			return slog.Attr{}
		}
	}
	return a
}

func (h *lineHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.text.Enabled(ctx, level)
}

func (h *lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.text = h.text.WithAttrs(attrs)
	return &with
}

func (h *lineHandler) WithGroup(name string) slog.Handler {
	with := *h
	with.text = h.text.WithGroup(name)
	return &with
}

func (h *lineHandler) Handle(ctx context.Context, r slog.Record) error {
	line, err := h.render(ctx, r)
	if err == nil {
		h.put(line)
	}
	return err
}

func (h *lineHandler) render(ctx context.Context, r slog.Record) (logLine, error) {
	h.page.Lock()
	defer h.page.Unlock()
	h.page.Reset()
	if err := h.text.Handle(ctx, r); err != nil {
		return logLine{}, err
	}
	text := strings.TrimSuffix(h.page.String(), "\n")
	if h.bare {
		text = strings.TrimSuffix(oneLine(r.Message)+" "+text, " ")
	}
	return logLine{r.Level, cut(text)}, nil
}

// cut shortens a line, between two characters.
func cut(s string) string {
	if len(s) <= longestLine {
		return s
	}
	end := longestLine - len("…")
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

// lostLines says in the log's own form that some of it is missing.
func (h *lineHandler) lostLines(n int64) logLine {
	r := slog.NewRecord(time.Now(), slog.LevelWarn, "log lines were lost", 0)
	r.Add("count", n)
	line, _ := h.render(context.Background(), r) // into memory, which does not fail
	return line
}
