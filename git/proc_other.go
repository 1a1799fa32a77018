//go:build !(linux || darwin || freebsd)

package git

import (
	"math"
	"os"
	"os/exec"
)

// findPrlimit returns "": there is no prlimit(1) here.
func findPrlimit() string { return "" }

// ownGroup leaves the child in our process group; os/exec kills it alone.
func ownGroup(*exec.Cmd) {}

// killGroup does nothing beyond what os/exec did.
func killGroup(*exec.Cmd) {}

// signalOf returns "": children do not end by signals here.
func signalOf(*exec.ExitError) string { return "" }

// lockFile does not hold among processes here.
func lockFile(string) (release func(), ok bool, err error) { return func() {}, true, nil }

// freeBytes is not known here.
func freeBytes(string) (int64, error) { return math.MaxInt64, nil }

// ownedByUs cannot be known here.
func ownedByUs(os.FileInfo) bool { return true }
