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
		b.WriteString(norm.NFC.String(strings.Map(cherokee, cases.Fold().String(norm.NFD.String(s[:valid])))))
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

// cherokee makes capital letters of Cherokee's small ones. Cherokee alone folds
// to capitals, since its small letters are younger (Unicode, CaseFolding.txt);
// golang.org/x/text swaps the two cases instead.
func cherokee(r rune) rune {
	switch {
	case r >= 0xab70 && r <= 0xabbf:
		return r - 0xab70 + 0x13a0
	case r >= 0x13f8 && r <= 0x13fd:
		return r - 8
	}
	return r
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
