package agentplane_test

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/agentplane/agentplane"
	"github.com/agentplane/agentplane/ownership"
)

// story is testdata/blog/story.yml.
type story struct {
	Repository, Default, Integration, Files string
	Pulls                                   []struct {
		Agent, Branch, Author, Title, Body string
		Commits                            []struct {
			Message, Files, Ownership string
			Outside                   []string
		}
	}
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
	used := []string{s.Files}
	for _, pull := range s.Pulls {
		for _, heading := range []string{"## Commands run", "## Remaining risk"} {
			if !strings.Contains(pull.Body, heading) {
				t.Errorf("%s: the body lacks the section %q that the contract asks for", pull.Agent, heading)
			}
		}
		for _, commit := range pull.Commits {
			used = append(used, commit.Files)
		}
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

// TestStoryFollowsTheContract: what each pull request touches, after each of its
// commits, is its agent's own, but for the paths the story calls outside.
func TestStoryFollowsTheContract(t *testing.T) {
	main := files(t, "main")
	contract, err := ownership.Parse(ownership.FileName, []byte(main[ownership.FileName]))
	if err != nil {
		t.Fatalf("the blog's contract: %v", err)
	}
	for _, w := range ownership.Lint(contract) {
		t.Errorf("the blog's contract, line %d: %s", w.Line, w.Msg)
	}
	for _, pull := range readStory(t).Pulls {
		agent, _ := contract.ForBranch(pull.Branch)
		if agent == nil || agent.Name != pull.Agent {
			t.Fatalf("branch %s is not %s's by the contract", pull.Branch, pull.Agent)
		}
		branch := maps.Clone(main)
		for _, commit := range pull.Commits {
			maps.Copy(branch, files(t, commit.Files))
			var outside []string
			for name, data := range branch {
				if data != main[name] && !contract.Rule(agent, name).Allowed() {
					outside = append(outside, name)
				}
			}
			if diff := cmp.Diff(commit.Outside, outside); diff != "" {
				t.Errorf("%s, %q (-story +contract):\n%s", pull.Agent, commit.Message, diff)
			}
			if (commit.Ownership == "success") != (len(outside) == 0) {
				t.Errorf("%s, %q: the story tells %s with %v outside", pull.Agent, commit.Message, commit.Ownership, outside)
			}
		}
	}
}

func TestBlogCommandsPass(t *testing.T) {
	for _, row := range []struct {
		why     string
		folders []string
	}{
		{"the default branch is in order", []string{"main"}},
		{"metadata's change alone", []string{"main", "pulls/metadata"}},
		{"a trespass can pass every command: that is why ownership is checked", []string{"main", "pulls/search"}},
		{"the fix alone", []string{"main", "pulls/search", "pulls/search-fix"}},
		{"the new test on the old page", []string{"main", "pulls/review"}},
		{"everything together", []string{"main", "pulls/search", "pulls/search-fix", "pulls/metadata", "pulls/review"}},
	} {
		t.Run(strings.Join(row.folders, "+"), func(t *testing.T) {
			dir := lay(t, row.folders...)
			for _, script := range []string{"scripts/check.sh", "scripts/build.sh"} {
				if out, err := run(dir, script); err != nil {
					t.Errorf("%s: %s: %v\n%s", row.why, script, err, out)
				}
			}
		})
	}
}

func TestBlogCommandsFail(t *testing.T) {
	all := []string{"main", "pulls/search", "pulls/search-fix", "pulls/metadata", "pulls/review"}
	for _, row := range []struct {
		why, file, old, new, script, says string
	}{
		{"a field the schema does not know", "src/content/blog/merge-what-you-tested.md", "tags:", "labels:", "scripts/check.sh", "the field labels"},
		{"a tag outside the list", "src/content/blog/merge-what-you-tested.md", "queues", "queue", "scripts/check.sh", "the tag queue"},
		{"a schema field renamed under its posts", "src/content/config.ts", "    tags:", "    topics:", "scripts/check.sh", "lacks the field topics"},
		{"an export removed under its reader", "src/lib/listing.ts", "function tagsOf", "function allTags", "scripts/check.sh", "imports tagsOf"},
		{"a file renamed under its reader", "src/pages/blog/index.astro", "SearchBox.astro", "Search.astro", "scripts/check.sh", "does not exist"},
		{"a page that lost its filter values", "src/pages/blog/index.astro", ` data-tags={post.data.tags.join(' ')}`, "", "scripts/check.sh", "does not say its tags"},
		{"two posts of one day", "src/content/blog/merge-what-you-tested.md", "2026-05-04", "2026-05-18", "scripts/check.sh", "share date"},
		{"a page with an expression nobody renders", "src/pages/blog/index.astro", "<h1>Blog</h1>", "<h1>{title}</h1>", "scripts/build.sh", "not rendered"},
		{"a page without a list", "src/pages/blog/index.astro", "<li data-tags", "<p data-tags", "scripts/build.sh", "no post"},
	} {
		t.Run(row.why, func(t *testing.T) {
			dir := lay(t, all...)
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
		"metadata": "read", "contents": "read", "actions": "read", "statuses": "read", "issues": "read", "members": "read",
		"checks": "write", "pull_requests": "write",
	}
	if diff := cmp.Diff(granted, maps.Clone(manifest.Permissions)); diff != "" {
		t.Errorf("permissions (-want +app.yml):\n%s", diff)
	}
	events := []string{
		"check_run", "check_suite", "issue_comment", "pull_request", "pull_request_review", "push", "repository", "status", "workflow_run",
	}
	if diff := cmp.Diff(events, slices.Sorted(slices.Values(manifest.Events))); diff != "" {
		t.Errorf("events (-want +app.yml):\n%s", diff)
	}
	if manifest.Public || !strings.HasSuffix(manifest.Hook.URL, "/api/github/hook") {
		t.Errorf("public is %v and the hook is %s; want false and …/api/github/hook", manifest.Public, manifest.Hook.URL)
	}
}
