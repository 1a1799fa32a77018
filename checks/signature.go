package checks

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

// maxErrorText is the most bytes of an error that a signature is made of and keeps.
const maxErrorText = 1000

// errorNoise is what differs between two runs of one failure, in the order in which it is taken out.
var errorNoise = []struct {
	what    *regexp.Regexp
	becomes string
}{
	{regexp.MustCompile("\x1b\\[[0-9;?]*[ -/]*[@-~]"), ""},                                                                                          // colours of a terminal
	{regexp.MustCompile(`[a-z][a-z0-9+.-]*://[^\s"'<>)\]]+`), " url "},                                                                              // addresses
	{regexp.MustCompile(`\b[0-9]{4}-[0-9]{2}-[0-9]{2}([t ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?)?\s*(z|[+-][0-9]{2}:?[0-9]{2})?\b`), " time "}, // dates
	{regexp.MustCompile(`\b[0-9]{1,2}:[0-9]{2}:[0-9]{2}([.,][0-9]+)?\b`), " time "},                                                                 // times of day
	{regexp.MustCompile(`([a-z]:)?[\w.@~+\[\]-]*([/\\][\w.@~+\[\]-]+)+(:[0-9]+)*`), " path "},                                                       // paths
	{regexp.MustCompile(`\b[\w.-]*\w\.[a-z]{1,5}(:[0-9]+)+`), " path "},                                                                             // a file's line
	{regexp.MustCompile(`\b0x[0-9a-f]+\b`), " hex "},                                                                                                // addresses in memory
	{regexp.MustCompile(`\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`), " hex "},                                                                  // UUIDs
	{regexp.MustCompile(`\b[0-9a-f]*[0-9][0-9a-f]{6,}\b|\b[0-9a-f]{7,}[0-9][0-9a-f]*\b`), " hex "},                                                  // commits
	{regexp.MustCompile(`\b[0-9]+([.,][0-9]+)*\s*(ns|µs|us|ms|s|sec|secs|seconds?|m|mins?|minutes?|h|hours?)\b`), " span "},                         // durations
	{regexp.MustCompile("[\"'`´‘’“”«»]"), ""},                                                                                                       // quotes
	{regexp.MustCompile(`[0-9]+([.,][0-9]+)*`), " n "},                                                                                              // numbers
}

// normalError is an error without what differs from run to run: paths, numbers, durations, times, commits, other hex,
// addresses, quotes, the colours of a terminal, case and spaces.
func normalError(s string) string {
	s = strings.ToLower(strings.ToValidUTF8(s[:min(len(s), maxErrorText)], ""))
	for _, noise := range errorNoise {
		s = noise.what.ReplaceAllString(s, noise.becomes)
	}
	return collapsed(s)
}

// signatureOf names a failure of a requirement by its first error.
func signatureOf(requirement string, s sighting) Signature {
	sum := sha256.Sum256([]byte(requirement + "\x00" + normalError(s.first)))
	return Signature{
		Requirement: requirement, Hash: hex.EncodeToString(sum[:16]), URL: s.url,
		Text: strings.ToValidUTF8(s.first[:min(len(s.first), maxErrorText)], ""),
	}
}
