package checks

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/agentplane/agentplane/ownership"
)

// goodFacts are those of a pull request of the example contract's search agent against which nothing stands. Tests
// start from them and spoil one thing.
func goodFacts() Facts {
	return Facts{
		Repo: "octo/blog", PR: 12, Default: "main",
		Base:          Ref{Repo: 7, Name: "main", SHA: strings.Repeat("b", 40)},
		Head:          Ref{Repo: 7, Name: "agent/blog-search-ui", SHA: strings.Repeat("a", 40)},
		Author:        Account{ID: 41, Login: "search-agent[bot]", Bot: true},
		Pusher:        Account{ID: 41, Login: "search-agent[bot]", Bot: true},
		Contract:      ContractState{Kind: ContractFound, Commit: strings.Repeat("b", 40)},
		SiblingsKnown: true,
		ReadAt:        readAt,
		HeadSince:     readAt.Add(-5 * time.Minute),
		HeadTree:      strings.Repeat("e", 40),
		BodyKnown:     true,
		Past:          &Past{},
		Touched:       &Touched{Landed: []string{}, Attributes: map[string]string{}},
		Conversation:  &Conversation{Teams: exampleTeams(), Reviewed: map[string][]Change{}},
		Surroundings:  &Surroundings{},
	}
}

// exampleTeams are those that the example contract names: sam is of the platform, dora of design, ada an architect.
func exampleTeams() []Team {
	return []Team{{Name: "@octo/platform", Members: []int64{61}}, {Name: "@octo/design", Members: []int64{62}}, {Name: "@octo/architects", Members: []int64{63}}}
}

// readAt is when the facts of tests are read.
var readAt = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// touch adds changes, and their paths to the tree that would land.
func touch(f *Facts, changes ...Change) {
	for _, c := range changes {
		f.Touched.Changes = append(f.Touched.Changes, c)
		if !c.removed() {
			f.Touched.Landed = append(f.Touched.Landed, c.Path)
		}
	}
}

func modified(path string) Change {
	return Change{Path: path, OldMode: modeFile, NewMode: modeFile, OldID: "1", NewID: "2"}
}

func added(path string) Change { return Change{Path: path, NewMode: modeFile, NewID: "2"} }

func removed(path string) Change { return Change{Path: path, OldMode: modeFile, OldID: "1"} }

// parseFacts reads the facts of a golden, one to a line, over those it starts from. A name in quotes is unquoted, so that
// every byte can be written.
func parseFacts(t *testing.T, f Facts, text string) Facts {
	t.Helper()
	for line := range strings.Lines(text) {
		words := split(t, strings.TrimSpace(line))
		if len(words) == 0 {
			continue
		}
		if !factLine(&f, words[0], append(words[1:], "", "", "", "", "", "", "")) {
			t.Fatalf("facts: cannot read %q", line)
		}
	}
	return f
}

func split(t *testing.T, line string) []string {
	t.Helper()
	var words []string
	for rest := line; rest != ""; rest = strings.TrimLeft(rest, " ") {
		if quoted, err := strconv.QuotedPrefix(rest); err == nil {
			word, err := strconv.Unquote(quoted)
			if err != nil {
				t.Fatalf("facts: %q: %v", line, err)
			}
			words, rest = append(words, word), rest[len(quoted):]
			continue
		}
		word, after, _ := strings.Cut(rest, " ")
		words, rest = append(words, word), after
	}
	return words
}

func factLine(f *Facts, key string, w []string) bool {
	switch key {
	case "fresh": // nothing was reported; see judgeGolden
	case "pr":
		f.PR = number(w[0])
	case "default":
		f.Default = w[0]
	case "base":
		f.Base.Name = w[0]
	case "head":
		f.Head.Name = w[0]
	case "fork":
		f.Head.Repo = 99
	case "local":
		f.Local, f.PR, f.Author, f.Pusher, f.SiblingsKnown = true, 0, Account{}, Account{}, false
		f.Conversation, f.Surroundings = nil, nil
		f.HeadSince, f.BodyKnown, f.Past, f.CI = time.Time{}, false, nil, nil
	case "agent":
		f.Agent = w[0]
	case "author":
		f.Author = accountOf(w)
	case "offered":
		f.Offered = &Offered{Tip: w[0], Changes: 1}
	case "pusher":
		f.Pusher = accountOf(w)
	case "sibling":
		f.Siblings = append(f.Siblings, Sibling{PR: number(w[0]), Base: w[1]})
	case "no-siblings-read":
		f.SiblingsKnown = false
	case "contract":
		f.Contract = ContractState{Kind: ContractKind(w[0]), Commit: f.Contract.Commit, Mode: octal(w[1]), Size: int64(number(w[2])), Detail: w[3]}
	default:
		return touchedLine(f, key, w)
	}
	return true
}

func touchedLine(f *Facts, key string, w []string) bool {
	if ciLine(f, key, w) {
		return true
	}
	switch key {
	case "M":
		touch(f, modified(w[0]))
	case "A":
		touch(f, added(w[0]))
	case "D":
		touch(f, removed(w[0]))
	case "mode":
		touch(f, Change{Path: w[2], OldMode: octal(w[0]), NewMode: octal(w[1]), OldID: "1", NewID: "1"})
	case "tree":
		f.Touched.Landed = append(f.Touched.Landed, w[0])
	case "attributes":
		f.Touched.Attributes[w[0]] = w[1]
	case "conflict":
		f.Touched.Conflicts, f.Touched.Landed = append(f.Touched.Conflicts, w[0]), nil
	case "refused":
		f.Touched.Refused = &Refusal{Kind: RefusalKind(w[0]), Count: number(w[1]), Limit: number(w[2]), Detail: w[3]}
	case "untouched":
		f.Touched = nil
	default:
		return conversationLine(f, key, w)
	}
	return true
}

// conversationLine reads what people said. Every line is a minute later than the one before.
func conversationLine(f *Facts, key string, w []string) bool {
	talk := f.Conversation
	at := f.ReadAt.Add(time.Duration(len(talk.Reviews)+len(talk.Comments)-60) * time.Minute)
	switch key {
	case "review":
		talk.Reviews = append(talk.Reviews, Review{ID: int64(number(w[0])), State: w[1], SHA: commit(w[2]), By: accountOf(w[3:]), At: at})
	case "comment", "edited":
		c := Comment{ID: int64(number(w[0])), Body: w[1], Head: commit(w[2]), By: accountOf(w[3:]), At: at, Edited: key == "edited"}
		talk.Comments = append(talk.Comments, c)
	case "may":
		talk.People = append(talk.People, Standing{Account: accountOf(w[1:]), Permission: w[0]})
	case "team":
		talk.Teams = append(talk.Teams, Team{Name: w[0], Members: []int64{int64(number(w[1]))}})
	case "team-problem":
		talk.Teams = []Team{{Name: w[0], Problem: w[1]}}
	case "pushed":
		talk.PushedBy = append(talk.PushedBy, accountOf(w))
	case "reviewed":
		talk.Reviewed[commit(w[0])] = append(talk.Reviewed[commit(w[0])], Change{Path: w[1], OldMode: modeFile, NewMode: modeFile, OldID: "1", NewID: w[2]})
	case "recorded":
		talk.Recorded = append(talk.Recorded, Approval{Source: w[0], Subject: w[1], Contract: w[2], By: accountOf(w[3:]), At: at})
	case "recurring":
		talk.Recurring = append(talk.Recurring, Recurring{Kind: w[0], Agent: w[1], Subject: w[2], Times: number(w[3])})
	case "unheard":
		f.Conversation = nil
	default:
		return surroundingsLine(f, key, w)
	}
	return true
}

// surroundingsLine reads what this pull request and its neighbors do to interfaces. Lines about a neighbor are about the
// last one.
func surroundingsLine(f *Facts, key string, w []string) bool {
	around := f.Surroundings
	if key == "alone" {
		f.Surroundings = nil
		return true
	}
	var last *Neighbor
	if n := len(around.Neighbors); n > 0 {
		last = &around.Neighbors[n-1]
	}
	use := Use{Name: w[0], Path: w[1], Line: number(w[2])}
	switch key {
	case "symbols":
		around.Symbols = append(around.Symbols, Symbols{Path: w[0], OldText: w[1], NewText: w[2], Refused: w[3]})
	case "use":
		around.Uses = append(around.Uses, use)
	case "mine":
		around.Mine = append(around.Mine, use)
	case "neighbor":
		around.Neighbors = append(around.Neighbors, Neighbor{PR: number(w[0]), Agent: w[1], Branch: w[2]})
	case "neighbor-use":
		last.Uses = append(last.Uses, use)
	case "neighbor-lost":
		last.Changes = append(last.Changes, InterfaceChange{Interface: w[0], Paths: []string{w[1]}, Lost: []Lost{{Name: w[2], Path: w[1], How: w[3], Now: w[4]}}})
	case "incomplete":
		around.Incomplete = w[0]
	default:
		return false
	}
	return true
}

// commit writes out a commit that a golden gives by its first digit; a is the head.
func commit(digit string) string {
	if len(digit) != 1 {
		return digit
	}
	return strings.Repeat(digit, 40)
}

func accountOf(w []string) Account {
	return Account{ID: int64(number(w[0])), Login: w[1], Bot: w[2] == "bot"}
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

func octal(s string) uint32 {
	n, _ := strconv.ParseUint(s, 8, 32)
	return uint32(n)
}

// parseContract returns the contract, or nil and the problems.
func parseContract(t *testing.T, src []byte) (*ownership.Contract, ownership.SyntaxErrors) {
	t.Helper()
	c, err := ownership.Parse(ownership.FileName, src)
	if err == nil {
		return c, nil
	}
	problems, ok := err.(ownership.SyntaxErrors)
	if !ok {
		t.Fatalf("Parse: %T is not SyntaxErrors: %v", err, err)
	}
	return nil, problems
}

// rulesOf lists the findings of a report as "rule path" and their verdicts, for tables.
func rulesOf(r Report) []string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, fmt.Sprintf("%s %s %q", f.Verdict, f.Rule, f.Path))
	}
	return out
}
