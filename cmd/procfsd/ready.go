package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// The daemon's one word to its launcher: the exit code, a blank and the text of
// the error, or "0 ok". Nothing at all means that it died.

var errNoOutcome = errors.New("the daemon ended before the mount answered")

// sendOutcome reports err (nil: the mount answers) on w.
func sendOutcome(w io.Writer, err error) error {
	text := "ok"
	if err != nil {
		text = err.Error()
	}
	_, werr := fmt.Fprintf(w, "%d %s", exitCode(err), text)
	return werr
}

// receiveOutcome waits for the word and returns it as an error of our own.
func receiveOutcome(r io.Reader) error {
	word, err := io.ReadAll(r)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return failf(exitSystem, "the daemon did not answer within %v: killed", readyDeadline)
	case err != nil:
		return failf(exitSystem, "wait for the daemon: %w", err)
	}
	number, text, ok := strings.Cut(string(word), " ")
	code, err := strconv.Atoi(number)
	switch {
	case !ok || err != nil:
		return errNoOutcome
	case code == exitOK:
		return nil
	}
	return failf(code, "%s", text)
}
