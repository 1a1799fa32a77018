package ownership

import (
	"regexp"
	"strings"
)

// maxName is the longest name of an agent, requirement, class or interface.
const maxName = 40

// How names are written. GitHub's logins have letters, digits and hyphens;
// managed users' also an underscore, and Apps' end in [bot].
var (
	name   = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,39}$`)
	login  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}(\[bot\])?$`)
	person = regexp.MustCompile(`^@[A-Za-z0-9][A-Za-z0-9_-]{0,99}(/[A-Za-z0-9_.][A-Za-z0-9_.-]{0,99})?$`)
	slug   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,99}$`)
	flow   = regexp.MustCompile(`^\.github/workflows/[^/]+\.ya?ml$`)
)

// isName tells whether a text may name something in the contract.
func isName(s string) bool { return name.MatchString(s) }

// suggestName makes a name of any text.
func suggestName(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case r >= 'a' && r <= 'z', b.Len() > 0 && (r >= '0' && r <= '9' || r == '_' || r == '-'):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() == maxName {
			break
		}
	}
	if s := strings.Trim(b.String(), "-"); s != "" {
		return s
	}
	return "search"
}

// equalLogins compares logins as GitHub does: without regard to the case of
// ASCII letters, the only ones they have.
func equalLogins(a, b string) bool {
	return isASCII(a) && isASCII(b) && strings.EqualFold(a, b)
}
