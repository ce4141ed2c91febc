//go:build !manual

package main

import "github.com/spf13/cobra"

// manualCommands: only a program built to write the manual can do so.
func manualCommands() []*cobra.Command { return nil }
