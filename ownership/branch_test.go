package ownership

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestBranches(t *testing.T) {
	tests := []struct {
		pattern, branch string
		want            bool
		why             string
	}{
		{"agent/a", "agent/a", true, "a name"},
		{"agent/a", "agent/A", false, "bytes"},
		{"agent/a", "agent/a/b", false, "not what is below"},
		{"claude/*", "claude/issue-1", true, "a pattern"},
		{"claude/*", "claude/x/y", true, "* takes slashes"},
		{"claude/*", "claude/", true, "* takes nothing, though git has no such branch"},
		{"claude/*", "claude", false, "the slash is wanted"},
		{"a*a", "a", false, "one letter cannot be two"},
		{"a*a", "aa", true, "nothing between"},
		{"*-fix-*", "x-fix-fix-y", true, "the middle"},
		{"*-fix-*", "x-fix", false, "the middle is not whole"},
		{"a*b*c", "a-c-b-c", true, "in this order"},
		{"a*b*c", "a-c-c", false, "in this order"},
		{"é*", "e\u0301x", false, "bytes, not letters"},
	}
	for _, tt := range tests {
		b, err := CompileBranch(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if b.Match(tt.branch) != tt.want {
			t.Errorf("%q matches %q: %v (%s)", tt.pattern, tt.branch, !tt.want, tt.why)
		}
	}
	if (BranchPattern{}).Match("") {
		t.Error("the zero pattern matches")
	}
}

// TestIntersectsIsExact compares with all names of up to nine letters.
func TestIntersectsIsExact(t *testing.T) {
	var names []string
	grow := []string{""}
	for range 9 {
		var next []string
		for _, n := range grow {
			next = append(next, n+"a", n+"b")
		}
		names, grow = append(names, next...), next
	}
	r := rand.New(rand.NewPCG(2, 3))
	meet := 0
	for range scale(400) {
		p, q := randomBranch(r), randomBranch(r)
		want := false
		for _, n := range names {
			if p.Match(n) && q.Match(n) {
				want = true
				break
			}
		}
		if want {
			meet++
		}
		if got := p.Intersects(q); got != want || q.Intersects(p) != want {
			t.Errorf("%q and %q can be one: %v, want %v", p, q, got, want)
		}
	}
	if meet < 50 {
		t.Errorf("only %d pairs meet", meet)
	}
}

// randomBranch makes a short pattern of two letters and *.
func randomBranch(r *rand.Rand) BranchPattern {
	for {
		var b strings.Builder
		for range 1 + r.IntN(4) {
			b.WriteByte("aabb*"[r.IntN(5)])
		}
		if p, err := CompileBranch(b.String()); err == nil {
			return p
		}
	}
}

// TestForBranch: a branch that two agents match is nobody's. Parse refuses such
// contracts; a Contract that was made otherwise fails closed.
func TestForBranch(t *testing.T) {
	c := &Contract{Agents: []Agent{
		{Name: "a", Branch: BranchPattern{"agent/a"}},
		{Name: "b", Branch: BranchPattern{"agent/b*"}},
		{Name: "c", Branch: BranchPattern{"agent/*c"}},
		{Name: "none"},
	}}
	tests := []struct {
		branch, want string
		matching     int
	}{{"agent/a", "a", 1}, {"agent/b1", "b", 1}, {"agent/bc", "", 2}, {"main", "", 0}, {"", "", 0}}
	for _, tt := range tests {
		a, all := c.ForBranch(tt.branch)
		if len(all) != tt.matching || (a == nil) != (tt.want == "") || a != nil && a.Name != tt.want {
			t.Errorf("%q: %v of %d, want %q of %d", tt.branch, a, len(all), tt.want, tt.matching)
		}
	}
}

func TestAllows(t *testing.T) {
	tests := []struct {
		accounts []Account
		login    string
		id       int64
		want     bool
		why      string
	}{
		{nil, "anyone", 1, true, "no list"},
		{[]Account{{Login: "Bot[bot]"}}, "bot[bot]", 7, true, "logins in any case"},
		{[]Account{{Login: "bot[bot]"}}, "bot", 7, false, "an App is not a person of its name"},
		{[]Account{{ID: 7}}, "renamed", 7, true, "ids survive renames"},
		{[]Account{{ID: 7}}, "renamed", 8, false, "another id"},
		{[]Account{{ID: 7}}, "renamed", 0, false, "an unknown id"},
		{[]Account{{Login: "kim"}}, "\u212aim", 7, false, "a Kelvin sign is no k"},
		{[]Account{{Login: "a"}}, "", 0, false, "an unknown account"},
	}
	for _, tt := range tests {
		if got := (&Agent{Accounts: tt.accounts}).Allows(tt.login, tt.id); got != tt.want {
			t.Errorf("%v allow %q (%d): %v (%s)", tt.accounts, tt.login, tt.id, got, tt.why)
		}
	}
}
