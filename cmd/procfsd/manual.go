//go:build manual

package main

//go:generate go run -tags manual . manual ../../dist/man/procfsd.8.in ../../dist/man/procfsd.8

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"text/template"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// manualCommands adds the command that writes procfsd(8): a template, filled
// with what the program itself says about its commands, flags, options and
// exit codes. The result is kept beside the template, and a test compares.
func manualCommands() []*cobra.Command {
	return []*cobra.Command{{
		Use:    "manual TEMPLATE PAGE",
		Hidden: true,
		Args:   cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			page, err := manualPage(cmd.Root(), args[0])
			if err != nil {
				return withCode(err)
			}
			return withCode(os.WriteFile(args[1], page, 0o644))
		},
	}}
}

// manual is what the template is filled with.
type manual struct {
	Root     *cobra.Command
	Commands []*cobra.Command // those of the root, by name
	Options  []optionDoc
	Exit     exitCodes
}

type exitCodes struct{ OK, Usage, System, Mount, NotExecutable, NotFound, Signal int }

func manualPage(root *cobra.Command, file string) ([]byte, error) {
	page := template.New("procfsd.8")
	funcs := template.FuncMap{
		"synopsis": synopsis, "flags": visibleFlags, "argument": argument, "lower": strings.ToLower, "sentence": sentence, "diag": diagnostic,
		"about": func(c *cobra.Command) (string, error) { return about(page, c) },
		"has":   func(name string) bool { return named(root, name) != nil },
	}
	text, err := os.ReadFile(file)
	if err == nil {
		_, err = page.Funcs(funcs).Parse(string(text))
	}
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = page.Execute(&b, manual{root, shownCommands(root), optionDocs(),
		exitCodes{exitOK, exitUsage, exitSystem, exitMount, exitNotExecutable, exitNotFound, exitSignal}})
	return squeeze(b.Bytes()), err
}

// squeeze takes out the empty lines that actions leave, which mdoc(7) has none of.
func squeeze(page []byte) []byte {
	var out []byte
	for line := range bytes.Lines(page) {
		if len(bytes.TrimSpace(line)) > 0 {
			out = append(out, line...)
		}
	}
	return out
}

// shownCommands are the visible ones; cobra adds help at the last moment.
func shownCommands(root *cobra.Command) (list []*cobra.Command) {
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		if !c.Hidden {
			list = append(list, c)
		}
	}
	return list
}

func named(root *cobra.Command, name string) *cobra.Command {
	for _, c := range root.Commands() {
		if c.Name() == name {
			return c
		}
	}
	return nil
}

// about is what the template says about a command, in a part of that name. A
// command that it knows nothing of is an error.
func about(page *template.Template, c *cobra.Command) (string, error) {
	var b strings.Builder
	err := page.ExecuteTemplate(&b, "command "+c.Name(), c)
	return strings.Trim(b.String(), "\n"), err
}

// synopsis is one command line as mdoc(7): the command, its flags, and what its
// usage line has besides.
func synopsis(c *cobra.Command) string {
	words := []string{".Nm " + c.Root().Name()} // groff begins a line only where the name is given
	if c.HasParent() {
		words = append(words, "Cm "+c.Name())
	}
	lines := []string{strings.Join(words, " ")}
	switches := ""
	for _, f := range visibleFlags(c) {
		switch arg := argument(f); {
		case arg != "":
			lines = append(lines, ".Op Fl "+shortest(f)+" Ar "+arg)
		case f.Shorthand != "":
			switches += f.Shorthand
		default:
			lines = append(lines, ".Op Fl -"+f.Name)
		}
	}
	if switches != "" {
		lines = append(lines[:1], append([]string{".Op Fl " + switches}, lines[1:]...)...)
	}
	return strings.Join(append(lines, operands(c)...), "\n")
}

func shortest(f *pflag.Flag) string {
	if f.Shorthand != "" {
		return f.Shorthand
	}
	return "-" + f.Name
}

// visibleFlags leaves out the hidden ones, and help, which goes without saying.
func visibleFlags(c *cobra.Command) (list []*pflag.Flag) {
	c.InitDefaultVersionFlag()
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Name != "help" {
			list = append(list, f)
		}
	})
	return list
}

// argument is what a flag takes: a directory, or what the flag is called by.
func argument(f *pflag.Flag) string {
	_, dir := f.Annotations[cobra.BashCompSubdirsInDir]
	switch {
	case dir:
		return "dir"
	case f.Value.Type() == "bool":
		return ""
	}
	return f.Name
}

// operands are the words of a usage line that are no flags; a command with
// commands of its own has those.
func operands(c *cobra.Command) (lines []string) {
	if c.HasParent() && c.HasSubCommands() {
		var names []string
		for _, sub := range c.Commands() {
			names = append(names, "Cm "+sub.Name())
		}
		return []string{"." + strings.Join(names, " | ")}
	}
	inFlag := false
	for _, word := range strings.Fields(c.Use)[1:] {
		inFlag = inFlag || strings.HasPrefix(word, "[-")
		if !inFlag {
			lines = append(lines, operand(word))
		}
		inFlag = inFlag && !strings.HasSuffix(strings.TrimSuffix(word, "..."), "]")
	}
	return lines
}

func operand(word string) string {
	inner, optional := strings.CutPrefix(word, "[")
	name, repeated := strings.CutSuffix(strings.TrimSuffix(inner, "]"), "...")
	macro := "Ar " + strings.ToLower(name)
	if name == "--" {
		macro = "Fl Fl"
	}
	if repeated {
		macro += " ..."
	}
	if optional {
		macro = "Op " + macro
	}
	return "." + macro
}

func sentence(words string) string {
	return strings.ToUpper(words[:1]) + words[1:] + "."
}

// diagnostic heads what is said about a message, which stands here as in the
// source of the program, with a name for each of its verbs.
func diagnostic(format string, names ...string) (string, error) {
	var text strings.Builder
	for _, name := range names {
		before, after, ok := strings.Cut(format, "%")
		if !ok || after == "" {
			return "", fmt.Errorf("diagnostic %q: no verb for %s", format, name)
		}
		if after[0] == 'q' {
			name = `"` + name + `"`
		}
		text.WriteString(before + name)
		format = after[1:]
	}
	if strings.Contains(format, "%") {
		return "", fmt.Errorf("diagnostic %q: a verb is left", format)
	}
	quoted := strings.NewReplacer(`\`, `\e`, `"`, `\(dq`).Replace(text.String() + format)
	return `.It "` + quoted + `"`, nil
}
