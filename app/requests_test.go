package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/sim"
)

// requests are what the App asked of GitHub's API about one pull request.
type requests struct{ sent, counted, written []string }

// since lists them from a mark on. GitHub counts everything but answers of 304
// (https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate).
// Not in it: tokens, which are minted as the App and live an hour; and the sweep's own lists, which are for all pull requests.
func (j *judged) since(mark sim.Mark) requests {
	var r requests
	for _, q := range j.hub.APIRequests(mark) {
		line := fmt.Sprintf("%s %s: %d", q.Method, q.Path, q.Status)
		switch {
		case !strings.HasPrefix(q.Caller, j.reg.Slug), strings.HasSuffix(q.Path, "/access_tokens"), !strings.HasPrefix(q.Path, "/repos/octo/blog"):
		case q.Method != http.MethodGet:
			r.written = append(r.written, line)
		default:
			if r.sent = append(r.sent, line); q.Status != http.StatusNotModified {
				r.counted = append(r.counted, line)
			}
		}
	}
	return r
}

// TestJudgingStaysWithinItsBudgetOfRequests: at most six requests that count for a judgement with evidence from one workflow,
// and at most two when nothing changed. What is written is counted apart: a request for each check run that changed.
func TestJudgingStaysWithinItsBudgetOfRequests(t *testing.T) {
	j := newJudged(t)
	j.settle()
	held := func(mark sim.Mark, counted, written int, why string) {
		t.Helper()
		j.settle()
		r := j.since(mark)
		if len(r.counted) > counted || len(r.written) > written {
			t.Errorf("%s: %d requests count and %d write, want at most %d and %d:\n%s\n%s", why, len(r.counted), len(r.written), counted, written,
				strings.Join(r.counted, "\n"), strings.Join(r.written, "\n"))
		}
	}
	sha := j.commit("search", "agent/search", map[string]string{"src/pages/index.astro": "<input>\n"})
	j.settle()
	mark := j.hub.Mark()
	p := j.open("search", "agent/search")
	held(mark, 6, 3, "opened, with a run that waits")
	mark = j.hub.Mark()
	j.must(p.Edit(j.bot("search"), sim.PullEdit{Body: ptr(bodyOf("search", sha, 0))}))
	held(mark, 3, 3, "the description was edited")
	mark = j.hub.Mark()
	j.tell(sha, "success")
	held(mark, 6, 3, "CI reported")
	j.want(sha, checks.CheckVerification, "success", "observed")
	mark = j.hub.Mark()
	j.must(j.app.Sweep(t.Context()))
	held(mark, 0, 0, "nothing changed")
	if r := j.since(mark); len(r.sent) > 6 {
		t.Errorf("nothing changed, and %d requests are sent:\n%s", len(r.sent), strings.Join(r.sent, "\n"))
	}

	locked := j.commit("metadata", "agent/metadata", map[string]string{"package-lock.json": `{"a":1}` + "\n"})
	j.tell(locked, "success")
	j.settle()
	mark = j.hub.Mark()
	q := j.open("metadata", "agent/metadata")
	held(mark, 6+2, 4, "a lockfile: its reviews, too; then one is asked for a review, which wakes it again")
	mark = j.hub.Mark()
	_, err := q.Review(j.ana, "APPROVED", "")
	j.must(err)
	held(mark, 6, 3, "approved: the reviews, the permission, the team")
	j.want(locked, checks.CheckReview, "success", "approved")
	mark = j.hub.Mark()
	j.later()
	p.Comment(j.eve, "/retry")
	held(mark, 6, 4, "a command that nothing waits for is answered")
	if got := j.since(mark).written; len(got) == 0 || !strings.Contains(got[len(got)-1], "/reactions") {
		t.Errorf("it got no answer: %q", got)
	}
}
