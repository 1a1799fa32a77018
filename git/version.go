package git

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
)

// Version is git's version.
type Version struct{ Major, Minor, Patch int }

var (
	// minVersion is the first with `merge-tree --write-tree`.
	minVersion = Version{2, 38, 0}
	// safeVersion fixes CVE-2025-48384, CVE-2025-48385 and their siblings.
	safeVersion = Version{2, 50, 1}

	versionPattern = regexp.MustCompile(`^git version (\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?`)
)

// String prints v with its dots.
func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch) }

// Less reports whether v is older than w.
func (v Version) Less(w Version) bool {
	if v.Major != w.Major {
		return v.Major < w.Major
	}
	if v.Minor != w.Minor {
		return v.Minor < w.Minor
	}
	return v.Patch < w.Patch
}

// CheckVersion asks git for its version. Below 2.38 it is an error, because
// merges without a worktree need it; below 2.50.1 it is a warning, because
// known holes are open.
func CheckVersion(ctx context.Context) (v Version, warning string, err error) {
	x, err := newRunner(Options{})
	if err != nil {
		return Version{}, "", err
	}
	return x.checkVersion(ctx)
}

func (x *runner) checkVersion(ctx context.Context) (Version, string, error) {
	out, err := x.run(ctx, command{args: []string{"version"}})
	if err != nil {
		return Version{}, "", fmt.Errorf("ask git for its version: %w", err)
	}
	v, err := parseVersion(string(out))
	if err != nil {
		return Version{}, "", err
	}
	return gateVersion(v)
}

func gateVersion(v Version) (Version, string, error) {
	switch {
	case v.Less(minVersion):
		return v, "", fmt.Errorf("git %s is too old: %s or newer is needed to merge without a worktree; install a newer git", v, minVersion)
	case v.Less(safeVersion):
		return v, fmt.Sprintf("git %s has known security holes that %s fixes; this program does not rely on them being fixed, but install a newer git", v, safeVersion), nil
	}
	return v, "", nil
}

func parseVersion(s string) (Version, error) {
	m := versionPattern.FindStringSubmatch(s)
	if m == nil {
		return Version{}, fmt.Errorf("git's version %.80q cannot be read", s)
	}
	var n [3]int
	for i := range n {
		if m[i+1] == "" {
			continue
		}
		v, err := strconv.Atoi(m[i+1])
		if err != nil {
			return Version{}, fmt.Errorf("git's version %.80q cannot be read: %w", s, err)
		}
		n[i] = v
	}
	return Version{n[0], n[1], n[2]}, nil
}
