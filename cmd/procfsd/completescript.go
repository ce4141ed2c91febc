package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// bashCommas takes the place of a function in cobra's script for bash, which
// escapes commas and then finds that "ro\,hidepid=" does not begin as "ro,hid".
// Bash needs no comma escaped.
const bashCommas = `
__%[1]s_handle_standard_completion_case() {
    local tab=$'\t' longest=0 full comp
    for full in "${completions[@]}"; do
        printf -v comp %%q "${full%%%%$tab*}"
        comp=${comp//\\,/,}
        [[ $comp == "$cur"* ]] || continue
        COMPREPLY+=("$full")
        comp=${full%%%%$tab*}
        ((${#comp} > longest)) && longest=${#comp}
    done
    if ((${#COMPREPLY[@]} == 1)); then
        printf -v comp %%q "${COMPREPLY[0]%%%%$tab*}"
        COMPREPLY[0]=${comp//\\,/,}
    else
        __%[1]s_format_comp_descriptions $longest
    fi
}
`

// mended is cobra's script for zsh or fish, which take what ends with the last
// "=" for a flag, wherever a "-" stands before it, though a list of options has
// more than one "="; and what fish's string is to split may begin with a "-". That
// for fish evaluates words that have lost their quotes.
func mended(script string) string {
	return strings.NewReplacer(
		`set -l args (commandline -opc)`, `set -l args (string escape -- (commandline -opc))`,
		`'-.*='`, `'^-[^=]*='`,
		`string split --max 1 \t`, `string split --max 1 -- \t`,
	).Replace(script)
}

// addCompletion adds cobra's command that prints completion scripts, with
// scripts that bear with lists of mount options.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		for _, shell := range c.Commands() {
			shell.RunE = printScript
		}
		c.Args, c.RunE = cobra.ArbitraryArgs, noShell
	}
}

// noShell: a script that is not there must not be taken for one.
func noShell(cmd *cobra.Command, args []string) error {
	var names []string
	for _, shell := range cmd.Commands() {
		names = append(names, shell.Name())
	}
	return failf(exitUsage, "want one of %s, got %q", strings.Join(names, ", "), strings.Join(args, " "))
}

// addHelp adds cobra's help command, but one that fails for what is no command.
func addHelp(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		if c.Name() == "help" {
			c.Run, c.RunE = nil, showHelp
		}
	}
}

func showHelp(help *cobra.Command, args []string) error {
	about, left, err := help.Root().Find(args)
	if err != nil || len(left) > 0 {
		return failf(exitUsage, "there is no command %q (procfsd --help lists them)", strings.Join(args, " "))
	}
	about.InitDefaultHelpFlag()
	return about.Help()
}

func printScript(cmd *cobra.Command, _ []string) error {
	brief, err := cmd.Flags().GetBool("no-descriptions")
	if err != nil {
		return withCode(err)
	}
	var script bytes.Buffer
	if err := writeScript(&script, cmd.Root(), cmd.Name(), !brief); err != nil {
		return withCode(err)
	}
	_, err = io.WriteString(cmd.OutOrStdout(), mended(script.String()))
	return withCode(err)
}

func writeScript(w io.Writer, root *cobra.Command, shell string, explain bool) error {
	switch {
	case shell == "bash":
		if err := root.GenBashCompletionV2(w, explain); err != nil {
			return err
		}
		_, err := fmt.Fprintf(w, bashCommas, root.Name())
		return err
	case shell == "zsh" && explain:
		return root.GenZshCompletion(w)
	case shell == "zsh":
		return root.GenZshCompletionNoDesc(w)
	case shell == "fish":
		return root.GenFishCompletion(w, explain)
	case explain:
		return root.GenPowerShellCompletionWithDesc(w)
	}
	return root.GenPowerShellCompletion(w)
}
