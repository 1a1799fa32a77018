package ownership

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold is a text in Unicode normal form C after full case folding. Two paths
// with equal folds may be one file for a case-insensitive or normalising file
// system. Bytes that are not UTF-8 stay as they are.
func Fold(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	var b strings.Builder
	for s != "" {
		valid := validPrefix(s)
		b.WriteString(norm.NFC.String(cases.Fold().String(norm.NFD.String(s[:valid]))))
		s = s[valid:]
		for s != "" {
			if r, size := utf8.DecodeRuneInString(s); r != utf8.RuneError || size != 1 {
				break
			}
			b.WriteByte(s[0])
			s = s[1:]
		}
	}
	return b.String()
}

// validPrefix is the length of the valid UTF-8 at the start.
func validPrefix(s string) int {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return i
			}
		}
	}
	return len(s)
}

// isASCII tells whether all bytes are ASCII.
func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
