package agentplane_test

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/agentplane/agentplane"
	"github.com/agentplane/agentplane/ownership"
)

// story is testdata/blog/story.yml, which explains its fields.
type story struct {
	Repository, Default, Integration, Files string
	Teams                                   map[string][]string
	Pulls                                   []struct{ Agent, Branch, Author, Title, Notes string }
	Steps                                   []step
}

type step struct {
	Act, Pull, By, Notes, Comment, CI string
	Approve, Merge                    bool
	Enter, Landed                     []string
	Commit                            *struct {
		Message, Files string
		Held           bool
	}
	Then map[string]struct {
		Ownership, Verification, Review, Integration string
		Rules, Names, Asked, Says                    []string
		Merged                                       bool
	}
}

// version is a branch of the story after one of its commits, and what stands against its pull request until the next.
type version struct {
	agent, message string
	folders        []string // laid over main, in this order
	rules          []string
	names          []string
}

// versions are all of the story, in its order.
func (s story) versions() []*version {
	var all []*version
	last := map[string]*version{}
	for _, step := range s.Steps {
		if c := step.Commit; c != nil {
			v := &version{agent: step.Pull, message: c.Message, folders: []string{c.Files}}
			if before := last[step.Pull]; before != nil {
				v.folders = append(slices.Clone(before.folders), c.Files)
			}
			last[step.Pull], all = v, append(all, v)
		}
		for agent, state := range step.Then {
			if v := last[agent]; v != nil {
				v.rules, v.names = append(v.rules, state.Rules...), append(v.names, state.Names...)
			}
		}
	}
	return all
}

func readStory(t *testing.T) story {
	t.Helper()
	data, err := agentplane.Blog.ReadFile("testdata/blog/story.yml")
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	var s story
	if err := decoder.Decode(&s); err != nil {
		t.Fatalf("story.yml: %v", err)
	}
	return s
}

// files lists what a folder of the blog holds, with the content.
func files(t *testing.T, folder string) map[string]string {
	t.Helper()
	sub, err := fs.Sub(agentplane.Blog, "testdata/blog/"+folder)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	err = fs.WalkDir(sub, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(sub, name)
		found[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// lay writes folders of the blog over each other and returns where.
func lay(t *testing.T, folders ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, folder := range folders {
		for name, data := range files(t, folder) {
			target := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(target, []byte(data), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// run runs one of the blog's scripts and returns what it printed.
func run(dir, script string) (string, error) {
	cmd := exec.Command("sh", script)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestBlogCarriesDotfiles(t *testing.T) {
	main := files(t, "main")
	for _, name := range []string{".agentplane.yml", ".github/workflows/ci.yml", "src/pages/blog/[...slug].astro"} {
		if main[name] == "" {
			t.Errorf("the binary does not carry %s", name)
		}
	}
}

func TestStoryUsesEveryFolder(t *testing.T) {
	s := readStory(t)
	for _, pull := range s.Pulls {
		for _, heading := range []string{"## Commands run", "## Remaining risk"} {
			if !strings.Contains(pull.Notes, heading) {
				t.Errorf("%s: the notes lack the section %q that the contract asks for", pull.Agent, heading)
			}
		}
	}
	used := []string{s.Files}
	for _, v := range s.versions() {
		used = append(used, v.folders[len(v.folders)-1])
	}
	folders := []string{"main"}
	entries, err := agentplane.Blog.ReadDir("testdata/blog/pulls")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		folders = append(folders, "pulls/"+e.Name())
	}
	if diff := cmp.Diff(folders, slices.Sorted(slices.Values(used))); diff != "" {
		t.Errorf("folders and story differ (-folders +story):\n%s", diff)
	}
}

// TestStoryHasThePeopleItNeeds: every team of the contract has somebody.
func TestStoryHasThePeopleItNeeds(t *testing.T) {
	s := readStory(t)
	owner, _, _ := strings.Cut(s.Repository, "/")
	for _, team := range regexp.MustCompile(`@`+owner+`/[a-z]+`).FindAllString(files(t, "main")[ownership.FileName], -1) {
		if len(s.Teams[strings.TrimPrefix(team, "@"+owner+"/")]) == 0 {
			t.Errorf("nobody is in %s", team)
		}
	}
}

// TestFixPutsTheSchemaBack: after the fix, the pull request's own diff no longer
// has the file it trespassed into.
func TestFixPutsTheSchemaBack(t *testing.T) {
	const schema = "src/content/config.ts"
	main := files(t, "main")[schema]
	if files(t, "pulls/search")[schema] == main {
		t.Error("the search agent's first commit does not change the schema")
	}
	if files(t, "pulls/search-fix")[schema] != main {
		t.Error("the fix does not put the schema back as it is on main")
	}
}

// TestStoryFollowsTheContract: what each pull request touches, after each of its commits, is its agent's own or waits for
// people, but for the paths where the story tells of a trespass.
func TestStoryFollowsTheContract(t *testing.T) {
	main := files(t, "main")
	contract, err := ownership.Parse(ownership.FileName, []byte(main[ownership.FileName]))
	if err != nil {
		t.Fatalf("the blog's contract: %v", err)
	}
	for _, w := range ownership.Lint(contract) {
		t.Errorf("the blog's contract, line %d: %s", w.Line, w.Msg)
	}
	s := readStory(t)
	for _, pull := range s.Pulls {
		if agent, _ := contract.ForBranch(pull.Branch); agent == nil || agent.Name != pull.Agent {
			t.Fatalf("branch %s is not %s's by the contract", pull.Branch, pull.Agent)
		}
	}
	for _, v := range s.versions() {
		agent := contract.Agent(v.agent)
		branch := maps.Clone(main)
		for _, folder := range v.folders {
			maps.Copy(branch, files(t, folder))
		}
		told := slices.Contains(v.rules, "ownership/never")
		for name, data := range branch {
			ruling := contract.Rule(agent, name)
			waits := ruling.Kind == ownership.Classed && ruling.Denied() == nil
			if data == main[name] || ruling.Allowed() || waits {
				continue
			}
			if !told || !slices.Contains(v.names, name) {
				t.Errorf("%s, %q: the story does not tell that %s is outside", v.agent, v.message, name)
			}
			told = false
		}
		if told {
			t.Errorf("%s, %q: the story tells of a trespass, and there is none", v.agent, v.message)
		}
	}
}

// TestBranchesPassAsTold runs the blog's commands on every version of every branch, alone.
func TestBranchesPassAsTold(t *testing.T) {
	for _, v := range readStory(t).versions() {
		t.Run(v.agent+": "+v.message, func(t *testing.T) {
			t.Parallel()
			dir := lay(t, append([]string{"main"}, v.folders...)...)
			out, err := run(dir, "scripts/check.sh")
			if fails := slices.Contains(v.rules, "verification/failed"); (err != nil) != fails {
				t.Errorf("check.sh: %v, and the story tells of a failure: %v\n%s", err, fails, out)
			}
			if out, err := run(dir, "scripts/build.sh"); err != nil {
				t.Errorf("build.sh: %v\n%s", err, out)
			}
		})
	}
}

// before and after the search agent adapted to the new name of the field, with the metadata agent's branch.
var (
	collision = []string{"main", "pulls/search", "pulls/search-fix", "pulls/metadata", "pulls/metadata-lockfile", "pulls/metadata-topics"}
	tested    = append(slices.Clip(collision), "pulls/review", "pulls/review-fix")
	adapted   = append(slices.Clip(tested), "pulls/search-topics")
	feed      = append(slices.Clip(adapted), "pulls/search-feed")
	mended    = append(slices.Clip(feed), "pulls/review-feed")
)

// TestAPairFailsOnlyTogether: the list with an item that is no post, and the test that counts it, each pass without the
// other, also on what has landed by then.
func TestAPairFailsOnlyTogether(t *testing.T) {
	const says = "a post in the list is found by no choice"
	for _, row := range []struct {
		why     string
		folders []string
		fails   bool
	}{
		{"search on metadata's, without review's test", slices.Concat(collision, []string{"pulls/search-topics", "pulls/search-feed"}), false},
		{"review on metadata's, without search's list", slices.Concat(collision[:1], collision[3:], []string{"pulls/review", "pulls/review-fix"}), false},
		{"before search's last commit", adapted, false},
		{"together", feed, true},
		{"mended", mended, false},
	} {
		t.Run(row.why, func(t *testing.T) {
			t.Parallel()
			dir := lay(t, row.folders...)
			if out, err := run(dir, "scripts/check.sh"); (err != nil) != row.fails || strings.Contains(out, says) != row.fails {
				t.Errorf("check.sh: %v, want a failure: %v\n%s", err, row.fails, out)
			}
			if out, err := run(dir, "scripts/build.sh"); err != nil {
				t.Errorf("build.sh: %v\n%s", err, out)
			}
		})
	}
}

// TestTogetherTheFilterIsLost: what each branch passes alone passes together too, and the page has lost its filter. Only
// the review agent's test would see it, once it is merged as well.
func TestTogetherTheFilterIsLost(t *testing.T) {
	for _, row := range []struct {
		why     string
		folders []string
		says    string // by check.sh, which then fails
		choices bool
	}{
		{"search alone", collision[:3], "", true},
		{"both, and nothing says that the filter is gone", collision, "", false},
		{"with the review agent's test", tested, "the filter offers no choice", false},
		{"search adapted", adapted, "", true},
	} {
		t.Run(row.why, func(t *testing.T) {
			t.Parallel()
			dir := lay(t, row.folders...)
			if out, err := run(dir, "scripts/check.sh"); (err != nil) != (row.says != "") || !strings.Contains(out, row.says) {
				t.Errorf("check.sh: %v, and it should say %q:\n%s", err, row.says, out)
			}
			if out, err := run(dir, "scripts/build.sh"); err != nil {
				t.Errorf("build.sh: %v\n%s", err, out)
			}
			page, err := os.ReadFile(filepath.Join(dir, "dist/blog/index.html"))
			if err != nil {
				t.Fatal(err)
			}
			html := string(page)
			if !strings.Contains(html, "<select") || strings.Count(html, "<li data-filter=") != 6 {
				t.Fatalf("the page has no filter, or not every post:\n%s", html)
			}
			if got := strings.Contains(html, `<option value="astro">`) && strings.Contains(html, `<li data-filter="astro `); got != row.choices {
				t.Errorf("a post can be chosen: %v, want %v\n%s", got, row.choices, html)
			}
			if got := strings.Contains(html, `data-filter=""`); got == row.choices {
				t.Errorf("a post is found by no choice: %v\n%s", got, html)
			}
		})
	}
}

func TestBlogCommandsFail(t *testing.T) {
	for _, row := range []struct {
		why, file, old, new, script, says string
	}{
		{"a field the schema does not know", "src/content/blog/merge-what-you-tested.md", "topics:", "labels:", "scripts/check.sh", "the field labels"},
		{"a value outside the schema's list", "src/content/config.ts", "topics: z.array(z.string())", "topics: z.array(z.enum(TOPICS))", "scripts/check.sh", "uses queues, which is not in TOPICS"},
		{"a schema field renamed under its posts", "src/content/config.ts", "    topics:", "    labels:", "scripts/check.sh", "lacks the field labels"},
		{"an export removed under its reader", "src/lib/listing.ts", "function listPosts", "function allPosts", "scripts/check.sh", "imports listPosts"},
		{"a file renamed under its reader", "src/pages/blog/index.astro", "SearchBox.astro", "Search.astro", "scripts/check.sh", "does not exist"},
		{"a page that lost its filter values", "src/pages/blog/index.astro", ` data-filter={(post.data.topics ?? []).join(' ')}`, "", "scripts/check.sh", "found by no choice"},
		{"a list that no post has, and the page needs", "src/pages/blog/index.astro", `{(post.data.topics ?? []).join(' ')}`, `{post.data.tags.join(' ')}`, "scripts/build.sh", "has no tags"},
		{"a dependency that is not pinned", "package.json", `"zod":`, `"yaml": "^2.0.0", "zod":`, "scripts/check.sh", "yaml is not pinned"},
		{"a pin for another range", "package.json", `"^3.22.2"`, `"^4.0.0"`, "scripts/check.sh", "asks for ^4.0.0"},
		{"two posts of one day", "src/content/blog/merge-what-you-tested.md", "2026-05-04", "2026-05-18", "scripts/check.sh", "share date"},
		{"a page with an expression nobody renders", "src/pages/blog/index.astro", "<h1>Blog</h1>", "<h1>{title}</h1>", "scripts/build.sh", "not rendered"},
		{"a page without a list", "src/pages/blog/index.astro", "<li data-filter", "<p data-filter", "scripts/build.sh", "no post"},
	} {
		t.Run(row.why, func(t *testing.T) {
			dir := lay(t, mended...)
			name := filepath.Join(dir, filepath.FromSlash(row.file))
			data, err := os.ReadFile(name)
			if err != nil || !strings.Contains(string(data), row.old) {
				t.Fatalf("%s does not contain %q (%v)", row.file, row.old, err)
			}
			if err := os.WriteFile(name, []byte(strings.Replace(string(data), row.old, row.new, 1)), 0o644); err != nil {
				t.Fatal(err)
			}
			if out, err := run(dir, row.script); err == nil || !strings.Contains(out, row.says) {
				t.Errorf("%s: %v, and nothing says %q:\n%s", row.script, err, row.says, out)
			}
		})
	}
}

// TestManifestGrantsTheLeast makes a new permission or event a decision that
// somebody takes here too.
func TestManifestGrantsTheLeast(t *testing.T) {
	var manifest struct {
		Public      bool                 `yaml:"public"`
		Permissions map[string]string    `yaml:"default_permissions"`
		Events      []string             `yaml:"default_events"`
		Hook        struct{ URL string } `yaml:"hook_attributes"`
	}
	if err := yaml.Unmarshal(agentplane.Manifest, &manifest); err != nil {
		t.Fatalf("app.yml: %v", err)
	}
	granted := map[string]string{
		"metadata": "read", "actions": "read", "statuses": "read", "issues": "read", "members": "read", "merge_queues": "read",
		"checks": "write", "contents": "write", "pull_requests": "write",
	}
	if diff := cmp.Diff(granted, maps.Clone(manifest.Permissions)); diff != "" {
		t.Errorf("permissions (-want +app.yml):\n%s", diff)
	}
	events := []string{
		"check_run", "check_suite", "issue_comment", "merge_group", "pull_request", "pull_request_review", "push", "repository", "status",
		"workflow_run",
	}
	if diff := cmp.Diff(events, slices.Sorted(slices.Values(manifest.Events))); diff != "" {
		t.Errorf("events (-want +app.yml):\n%s", diff)
	}
	if manifest.Public || !strings.HasSuffix(manifest.Hook.URL, "/api/github/hook") {
		t.Errorf("public is %v and the hook is %s; want false and …/api/github/hook", manifest.Public, manifest.Hook.URL)
	}
}
