package main

import (
	"fmt"
	"io"
	"os"
)

// maxBody is how many bytes of a description are read: one more than the App judges, so that a longer one is judged as too
// long, as the App would.
const maxBody = 64<<10 + 1

// readBody reads the description of a pull request, which holds the notes, from a file or, for "-", from in.
func readBody(name string, in io.Reader) (string, error) {
	source, from := in, "standard input"
	if name != "-" {
		from = fmt.Sprintf("%q", name)
		f, err := os.Open(name) //nolint:gosec // the person who runs this names the file
		if err != nil {
			return "", advise(fmt.Errorf("read the description: %w", err), bodyAdvice)
		}
		defer f.Close() //nolint:errcheck // only read
		if info, err := f.Stat(); err == nil && info.IsDir() {
			return "", advise(fmt.Errorf("read the description: %s is a directory", from), bodyAdvice)
		}
		source = f
	}
	text, err := io.ReadAll(io.LimitReader(source, maxBody))
	if err != nil {
		return "", advise(fmt.Errorf("read the description from %s: %w", from, err), bodyAdvice)
	}
	return string(text), nil
}

const bodyAdvice = "give --body a file with the pull request's description, or - for standard input; without --body the notes are left to the App"
