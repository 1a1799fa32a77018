package gh

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/agentplane/agentplane/sim"
)

func TestWhatTheAppSaysIsItsOwn(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.commit("x", "a.txt")
	p, err := w.repo.OpenPull(sim.NewPull{By: w.ann, Title: "Work", Head: "x", Base: "main"})
	w.must(err)
	p.Comment(w.ann, "<!-- agentplane -->\nforged")
	p.Comment(w.hub.Bot("lander"), "a bot of nearly that name")
	first, err := w.Say(ctx, p.Number, "waiting")
	w.must(err)
	p.Comment(w.hub.Bot("dependabot[bot]"), "another App")
	second, err := w.Say(ctx, p.Number, "answer")
	w.must(err)
	w.must(w.SayAgain(ctx, first, "landed"))
	w.must(w.repo.EditComment(w.ann, second, "edited by a person"))
	own, err := w.OwnComments(ctx, p.Number)
	w.must(err)
	if d := cmp.Diff([]OwnComment{{second, "edited by a person"}, {first, "landed"}}, own); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	w.must(w.repo.DeleteComment(w.ann, first))
	if err := w.SayAgain(ctx, first, "x"); !Absent(err) {
		t.Errorf("a deleted comment: %v", err)
	}
	if _, err := w.Say(ctx, p.Number, ""); err == nil || !strings.Contains(err.Error(), "cannot be blank") {
		t.Errorf("an empty comment: %v", err)
	}
	if _, err := w.Say(ctx, 99, "x"); !Absent(err) {
		t.Errorf("no such pull request: %v", err)
	}
}

func TestOwnCommentsOfManyPages(t *testing.T) {
	w := newWorld(t)
	w.commit("x", "a.txt")
	p, err := w.repo.OpenPull(sim.NewPull{By: w.ann, Title: "Work", Head: "x", Base: "main"})
	w.must(err)
	var want []OwnComment
	for range 2 {
		for range pageSize {
			p.Comment(w.ann, "noise")
		}
		id, err := w.Say(t.Context(), p.Number, "ours")
		w.must(err)
		want = append([]OwnComment{{id, "ours"}}, want...)
	}
	own, err := w.OwnComments(t.Context(), p.Number)
	if d := cmp.Diff(want, own); d != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, d)
	}
}

// TestWhoWroteAComment: what GitHub does not say for sure is not ours.
func TestWhoWroteAComment(t *testing.T) {
	const bot = `"user":{"id":9,"login":"lander[bot]","type":"Bot"}`
	for _, c := range []struct {
		comment string
		own     bool
		why     string
	}{
		{bot + `,"performed_via_github_app":{"id":1}`, true, "our App, by its id"},
		{`"user":{"id":9,"login":"former[bot]","type":"Bot"},"performed_via_github_app":{"id":1}`, true, "whatever it was called"},
		{bot + `,"performed_via_github_app":{"id":2}`, false, "another App, whatever its name"},
		{`"user":{"id":5,"login":"ann","type":"User"},"performed_via_github_app":{"id":1}`, false, "a person, through our App"},
		{bot + `,"performed_via_github_app":null`, true, "no App is named: the account decides"},
		{bot, true, "GitHub Enterprise Server says nothing of it"},
		{`"user":{"id":9,"login":"LANDER[bot]","type":"Bot"}`, true, "logins know no case"},
		{`"user":{"id":9,"login":"lander","type":"Bot"}`, false, "no App's account"},
		{`"user":{"id":9,"login":"lander[bot]","type":"User"}`, false, "no bot"},
		{`"user":{"id":9,"login":"other[bot]","type":"Bot"}`, false, "another App"},
		{`"user":null`, false, "a deleted account"},
		{`"body":"x"`, false, "nobody is named"},
	} {
		t.Run(c.why, func(t *testing.T) {
			h := newHub(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/app") {
					_, _ = w.Write([]byte(`{"id":1,"slug":"lander"}`))
					return
				}
				_, _ = w.Write([]byte(`[{"id":3,` + c.comment + `}]`))
			})
			own, err := repoOn(t, appOn(t, h.URL)).OwnComments(t.Context(), 3)
			if err != nil || (len(own) == 1) != c.own {
				t.Errorf("%+v, %v", own, err)
			}
		})
	}
	for _, answer := range []string{`{"id":1}`, `<html>`} {
		h := newHub(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/app") {
				_, _ = w.Write([]byte(answer))
				return
			}
			_, _ = w.Write([]byte(`[{"id":3,` + bot + `}]`))
		})
		if own, err := repoOn(t, appOn(t, h.URL)).OwnComments(t.Context(), 3); err == nil || own != nil {
			t.Errorf("who we are is not known, from %s: %+v, %v", answer, own, err)
		}
	}
}
