package app

import (
	"context"
	"fmt"
	"strings"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/store"
)

// publisher puts one report's check runs on its head commit.
type publisher struct {
	*App
	site  site
	key   store.Key              // whose job this is
	again bool                   // write also what has not changed: a person asked for it
	seen  map[string]gh.CheckRun // our check runs that GitHub has, once it was asked
}

// publish puts a report on its head as check runs. A check run that already says the same is left alone. A target that
// moved without changing a finding is no change: otherwise each push to it would rewrite the check runs of every open
// pull request.
func (p *publisher) publish(ctx context.Context, report checks.Report) error {
	still := report
	still.Base, still.Contract.Commit = "", ""
	unmoved := checks.Render(still)
	for i, d := range checks.Render(report) {
		o := gh.Output{Document: d, SHA: report.Head}
		o.Digest = fmt.Sprintf("%s-%d", checks.Digest(unmoved[i]), len(d.Annotations))
		if err := p.put(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// put makes GitHub show one document. An intent is stored before a check run is created, so that a crash in between, or an
// answer that was lost, is known afterwards, and GitHub is asked what it has before anything is created twice.
func (p *publisher) put(ctx context.Context, o gh.Output) error {
	known, intent, err := p.db.Intend(ctx, p.key, store.Publication{Repo: p.site.id, SHA: o.SHA, Name: o.Name})
	if err != nil {
		return err
	}
	at := gh.CheckRun{ID: known.CheckRun, Digest: known.Digest}
	switch intent {
	case store.IntentBusy:
		return fmt.Errorf("%w: check run %s on %s is being created", errUnsettled, o.Name, o.SHA)
	case store.IntentFresh, store.IntentUnconfirmed:
		if at, err = p.find(ctx, o); err != nil {
			return err
		}
	}
	switch {
	case at.ID != 0 && at.Digest == o.Digest && !p.again:
		p.met.checkRun("unchanged")
		if intent == store.IntentDone {
			return nil
		}
		return p.done(ctx, o, at.ID)
	case at.ID != 0 && (at.Digest == o.Digest || extendable(at)):
		return p.update(ctx, o, at)
	case intent == store.IntentUnconfirmed && p.config.Now().Sub(known.At) < p.config.Pace.Settle:
		return fmt.Errorf("%w: check run %s on %s may have been created a moment ago", errUnsettled, o.Name, o.SHA)
	case intent == store.IntentDone:
		return p.replace(ctx, o)
	}
	return p.create(ctx, o)
}

// extendable tells whether a check run can say something new. GitHub adds annotations and never removes any, so one that
// has some is replaced by a new check run of the same name, which is the one that counts.
func extendable(r gh.CheckRun) bool { return strings.HasSuffix(r.Digest, "-0") }

// find asks GitHub, once for all documents, for the check run that shows a document's name.
func (p *publisher) find(ctx context.Context, o gh.Output) (gh.CheckRun, error) {
	if p.seen == nil {
		seen, err := p.site.CheckRuns(ctx, o.SHA)
		if err != nil {
			return gh.CheckRun{}, err
		}
		p.seen = seen
	}
	return p.seen[o.Name], nil
}

func (p *publisher) update(ctx context.Context, o gh.Output, at gh.CheckRun) error {
	sent := o
	if at.Digest == o.Digest {
		sent.Annotations = nil // they are there already
	}
	err := p.site.UpdateCheckRun(ctx, at.ID, sent)
	if gh.Absent(err) {
		return p.replace(ctx, o)
	}
	if err != nil {
		return err
	}
	p.met.checkRun("updated")
	return p.done(ctx, o, at.ID)
}

// replace creates a check run in the place of one that is known, or that GitHub no longer has. What is known is forgotten
// first: a crash in between must not make the old one look like the answer.
func (p *publisher) replace(ctx context.Context, o gh.Output) error {
	if err := p.db.ForgetPublication(ctx, p.site.id, o.SHA, o.Name); err != nil {
		return err
	}
	if _, _, err := p.db.Intend(ctx, p.key, store.Publication{Repo: p.site.id, SHA: o.SHA, Name: o.Name}); err != nil {
		return err
	}
	return p.create(ctx, o)
}

func (p *publisher) create(ctx context.Context, o gh.Output) error {
	id, err := p.site.CreateCheckRun(ctx, o)
	if err != nil {
		return err
	}
	p.met.checkRun("created")
	return p.done(ctx, o, id)
}

func (p *publisher) done(ctx context.Context, o gh.Output, id int64) error {
	return p.db.PutPublication(ctx, store.Publication{
		Repo: p.site.id, SHA: o.SHA, Name: o.Name, CheckRun: id, Digest: o.Digest, At: p.config.Now(),
	})
}
