package main

import "runtime/debug"

// release is the version that the Makefile gives to the linker (-X main.release=…),
// which can set nothing but a variable of the package. Nobody else writes it.
var release string

// version is the release, or what the go command recorded where it built
// without the Makefile.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(unknown)"
	}
	return info.Main.Version
}
