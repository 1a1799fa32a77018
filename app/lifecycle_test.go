package app_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/agentplane/agentplane/sim"
)

func TestARenamedRepositoryIsStillJudged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.commit("search", "agent/search", map[string]string{"src/pages/a.astro": "a\n"})
	w.open("search", "agent/search")
	w.expect(first, "success", "before")
	w.must(w.repo.Rename("journal"))
	second := w.commit("search", "agent/search", map[string]string{"src/content/config.ts": "x\n"})
	w.expect(second, "failure", "renamed")
	w.must(w.repo.SetDefaultBranch("integration/next"))
	third := w.commit("search", "agent/search", map[string]string{"src/content/config.ts": "export const tags = [];\n"})
	w.expect(third, "success", "with another default branch")
}

func TestASuspendedInstallationIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.commit("metadata", "agent/metadata", map[string]string{"src/content/a.md": "a\n"})
	w.open("metadata", "agent/metadata")
	w.expect(own, "success", "before")
	w.inst.Suspend()
	w.settle()
	mark := w.hub.Mark()
	late := w.commit("metadata", "agent/metadata", map[string]string{"src/content/b.md": "b\n"})
	w.must(w.app.Sweep(t.Context()))
	w.settle()
	for _, r := range w.hub.Requests(mark) {
		if r.Status == 200 && r.Caller == w.reg.Slug && r.Route != "GET /app/installations" && r.Route != "GET /app/hook/deliveries" {
			t.Errorf("the App went on: %s %s", r.Method, r.Path)
		}
	}
	if got := w.conclusion(late); got != "" {
		t.Errorf("a verdict while suspended: %q", got)
	}
	w.inst.Unsuspend()
	w.must(w.app.Sweep(t.Context()))
	again := w.commit("metadata", "agent/metadata", map[string]string{"src/content/b.md": "c\n"})
	w.expect(again, "success", "after the suspension")
}

func TestAnUninstalledRepositoryLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sha := w.commit("search", "agent/search", map[string]string{"src/pages/a.astro": "a\n"})
	w.open("search", "agent/search")
	w.expect(sha, "success", "before")
	if mirrors := w.mirrored(); len(mirrors) != 1 {
		t.Fatalf("mirrors %q", mirrors)
	}
	w.hub.SetFaults(sim.Faults{Lose: 1})
	w.inst.Uninstall()
	w.settle()
	w.hub.Heal()
	w.must(w.app.Sweep(t.Context()))
	w.settle()
	if mirrors := w.mirrored(); len(mirrors) != 0 {
		t.Errorf("the code is still here: %q", mirrors)
	}
}

// mirrored lists the mirrors on disk.
func (w *world) mirrored() []string {
	entries, err := os.ReadDir(w.mirrors)
	w.must(err)
	var names []string
	for _, e := range entries {
		if e.Name() != "scratch" && e.IsDir() {
			names = append(names, filepath.Join(w.mirrors, e.Name()))
		}
	}
	slices.Sort(names)
	return names
}

func TestARevokedTokenIsReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sha := w.commit("search", "agent/search", map[string]string{"src/pages/a.astro": "a\n"})
	w.open("search", "agent/search")
	w.expect(sha, "success", "before")
	w.inst.RevokeTokens()
	sha = w.commit("search", "agent/search", map[string]string{"src/pages/a.astro": "b\n"})
	w.expect(sha, "success", "with a new token")
}
