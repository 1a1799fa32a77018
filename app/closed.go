package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/store"
)

// answerClosed tells those who command the lane on a pull request that is closed that nothing comes of it there. It reads only
// those comments whose own delivery has just arrived, so that old ones are not answered again when the database was lost. Each
// counts as answered from then on: reopening the pull request carries none of them out.
//
// Only people with write access get an answer, and of each account only so many a minute: everybody may comment on a public
// repository's closed pull requests.
func (a *App) answerClosed(ctx context.Context, s site, pull gh.Pull, heard map[int64]bool) error {
	if len(heard) == 0 {
		return nil
	}
	if lanes, err := a.db.Lanes(ctx, s.id); err != nil || len(lanes) == 0 {
		return err
	}
	all, err := s.Comments(ctx, pull.Number)
	if err != nil {
		return err
	}
	key := store.Key{Repo: s.id, PR: pull.Number}
	answered, err := a.db.Answers(ctx, key)
	if err != nil {
		return err
	}
	var earlier []checks.CommandResult
	for _, c := range all {
		command, ok := checks.ParseCommand(c.Body)
		if !ok || command.Kind != checks.CommandIntegrate || c.By.Bot || !c.By.Known() {
			continue
		}
		said := checks.CommandResult{By: c.By, At: c.At}
		if heard[c.ID] && !answered[c.ID] {
			if !c.Edited && !flood(earlier, said) {
				err = a.tolerated(key, a.sayClosed(ctx, s, pull, c))
			}
			if err == nil {
				_, err = a.db.PutAnswer(ctx, key, c.ID)
			}
			if err != nil {
				return err
			}
		}
		earlier = append(earlier, said)
	}
	return nil
}

// sayClosed answers one comment with a reaction and a comment, where its author may write.
func (a *App) sayClosed(ctx context.Context, s site, pull gh.Pull, c checks.Comment) error {
	permission, err := a.standing.permission(ctx, s, c.By)
	if err != nil || permission != "write" && permission != "admin" {
		return err
	}
	key := store.Key{Repo: s.id, PR: pull.Number}
	return errors.Join(
		a.tolerated(key, s.React(ctx, c.ID, reactionRefused)),
		a.speak(ctx, s, key, remark{
			name: fmt.Sprintf("%s%d", answerName, c.ID), marker: strings.TrimSpace(checks.AnswerMark(c.ID)),
			body: checks.ClosedAnswer(c.ID, pull.Merged),
		}),
	)
}
