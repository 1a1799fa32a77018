package app_test

import (
	"strings"
	"testing"

	"github.com/agentplane/agentplane/checks"
)

var schemaAfter = strings.Replace(schemaBefore, "tags:", "labels:", 1)

// TestATagFieldThatIsRenamedUnderItsReader is the story that the product begins with: each pull request passes alone, and
// together the page would silently drop its filter.
func TestATagFieldThatIsRenamedUnderItsReader(t *testing.T) {
	t.Parallel()
	j := newJudged(t)
	search := j.commit("search", "agent/search", map[string]string{"src/pages/index.astro": "{posts.map((post) => post.data.tags.join(' '))}\n"})
	j.open("search", "agent/search")
	j.want(search, checks.CheckReview, "success", "alone")
	metadata := j.commit("metadata", "agent/metadata", map[string]string{"src/content/config.ts": schemaAfter})
	changer := j.open("metadata", "agent/metadata")
	j.want(metadata, checks.CheckReview, "action_required", "an interface changed")
	j.want(search, checks.CheckReview, "failure", "it reads the field that is renamed")
	for sha, want := range map[string][]string{
		metadata: {"tags", "labels", "src/pages/index.astro:1", "pull request 1"},
		search:   {"tags", "src/pages/index.astro:1", "pull request 2"},
	} {
		for _, w := range want {
			if got := j.says(sha, checks.CheckReview); !strings.Contains(strings.ToLower(got), w) {
				t.Errorf("the review of %.7s does not say %q:\n%s", sha, w, got)
			}
		}
	}
	_, err := changer.Review(j.ben, "APPROVED", "")
	j.must(err)
	j.want(metadata, checks.CheckReview, "success", "an architect approved")
	j.want(search, checks.CheckReview, "failure", "it still reads the old field")
	j.must(j.repo.Push(nil, "integration/next", metadata, false)) // the changer lands
	j.want(search, checks.CheckReview, "failure", "what it reads is gone from the base, too")
	merged := j.commit("search", "agent/search", map[string]string{"src/content/config.ts": schemaAfter})
	j.want(merged, checks.CheckReview, "failure", "having the new schema in the branch does not adapt the page")
	adapted := j.commit("search", "agent/search", map[string]string{"src/pages/index.astro": "{posts.map((post) => post.data.labels.join(' '))}\n"})
	j.want(adapted, checks.CheckReview, "success", "it reads the new field")
}
