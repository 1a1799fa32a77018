package app

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/checks"
)

// standingFor is how long an answer about permissions and teams is used: a flood of comments must not become a
// flood of requests, and somebody who lost a right must lose it soon.
const standingFor = time.Minute

// standings remembers for a short time what accounts may do and who is in a team. It is safe for concurrent use.
type standings struct {
	now func() time.Time

	mu      sync.Mutex
	answers map[standingKey]standingAnswer
}

type standingKey struct {
	repo    int64
	account int64
	team    string
}

type standingAnswer struct {
	permission string
	members    []int64
	problem    *gh.TeamError
	until      time.Time
}

func newStandings(now func() time.Time) *standings {
	return &standings{now: now, answers: map[standingKey]standingAnswer{}}
}

// permission asks what an account may do in the repository.
func (s *standings) permission(ctx context.Context, at site, who checks.Account) (string, error) {
	key := standingKey{repo: at.id, account: who.ID}
	if known, ok := s.get(key); ok {
		return known.permission, nil
	}
	permission, err := at.Permission(ctx, who)
	if err != nil {
		return "", err
	}
	s.put(key, standingAnswer{permission: permission})
	return permission, nil
}

// team asks who is in a team. A team that cannot be read is a *gh.TeamError.
func (s *standings) team(ctx context.Context, at site, name string) ([]int64, error) {
	key := standingKey{repo: at.id, team: name}
	known, ok := s.get(key)
	if !ok {
		members, err := at.Team(ctx, name)
		var problem *gh.TeamError
		if err != nil && !errors.As(err, &problem) {
			return nil, err
		}
		known = standingAnswer{members: members, problem: problem}
		s.put(key, known)
	}
	if known.problem != nil {
		return nil, known.problem
	}
	return known.members, nil
}

func (s *standings) get(key standingKey) (standingAnswer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.answers[key]
	return a, ok && s.now().Before(a.until)
}

// put keeps an answer, and drops those that are over when there are many.
func (s *standings) put(key standingKey, a standingAnswer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.answers) >= 10_000 {
		for k, old := range s.answers {
			if !s.now().Before(old.until) {
				delete(s.answers, k)
			}
		}
	}
	a.until = s.now().Add(standingFor)
	s.answers[key] = a
}
