package git

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// answersSize bounds what all mirrors together keep of git's answers, in bytes.
const answersSize = 64 << 20

// answers keeps what git said about objects that are named by their ids: that
// cannot change, and asking again costs several processes. One pull request is
// judged on the same two commits whenever somebody comments or a check ends.
// What asks for references, or whether an object is here, is never kept. It is
// safe for concurrent use; whoever gets an answer must not change it.
type answers struct {
	mu   sync.Mutex
	said *simplelru.LRU[string, answer]
	size int
}

type answer struct {
	value any
	size  int
}

func newAnswers() *answers {
	a := &answers{}
	said, err := simplelru.NewLRU(answersSize, func(_ string, old answer) { a.size -= old.size })
	if err != nil {
		panic(err) // only of a size below one
	}
	a.said = said
	return a
}

func (a *answers) find(question string) (any, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	found, ok := a.said.Get(question)
	return found.value, ok
}

func (a *answers) keep(question string, value any, size int) {
	size += len(question) + 200
	if size > answersSize/4 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.said.Remove(question)
	a.said.Add(question, answer{value, size})
	for a.size += size; a.size > answersSize; {
		a.said.RemoveOldest()
	}
}

// forget drops all answers whose questions begin alike.
func (a *answers) forget(prefix string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, q := range a.said.Keys() {
		if strings.HasPrefix(q, prefix) {
			a.said.Remove(q)
		}
	}
}

// sized is an answer that knows about how many bytes it takes.
type sized interface{ size() int }

// once answers a question about objects of this repository from what was
// answered before, and else by reading them; what names the work. An error is
// never kept. What is kept is kept before the mirror can be deleted, and so is
// forgotten with it.
func once[T sized](ctx context.Context, r *Repo, question, what string, ask func(*scratch) (T, error)) (T, error) {
	if known, ok := recall[T](r, question); ok {
		return known, nil
	}
	var value T
	err := r.read(ctx, what, func(s *scratch) (err error) {
		if value, err = ask(s); err == nil {
			learn(r, question, value, value.size())
		}
		return err
	})
	return value, err
}

// recall is the answer that a question got before. A developer's clone is
// asked every time.
func recall[T any](r *Repo, question string) (known T, ok bool) {
	if r.m == nil {
		return known, false
	}
	asked, ok := r.question(question)
	if !ok {
		return known, false
	}
	found, ok := r.m.answers.find(asked)
	if ok {
		known = found.(T)
	}
	return known, ok
}

// learn keeps an answer of about so many bytes.
func learn[T any](r *Repo, question string, value T, size int) {
	if r.m == nil {
		return
	}
	if asked, ok := r.question(question); ok {
		r.m.answers.keep(asked, value, size)
	}
}

// question names the mirror, whose answers may have to be forgotten, and when
// it was made: another process may have deleted it, and made it anew. false:
// there is none.
func (r *Repo) question(q string) (string, bool) {
	made, err := os.Lstat(filepath.Join(r.dir, "config"))
	if err != nil {
		return "", false
	}
	return fmt.Sprintf("%s%d %s", r.answered(), made.ModTime().UnixNano(), q), true
}

// answered is how all questions about this mirror begin.
func (r *Repo) answered() string { return r.dir + "\x00" }

// size is about how many bytes a touch takes.
func (t *Touch) size() int {
	n := 0
	for _, c := range t.Changes {
		n += len(c.Path) + len(c.OldID) + len(c.NewID) + 80
	}
	for _, list := range [][]string{t.Paths, t.Conflicts, t.Bases} {
		for _, p := range list {
			n += len(p) + 16
		}
	}
	return n
}

// copied is for one caller alone, but for what its lists hold: it may set
// fields, and append.
func (t *Touch) copied() *Touch {
	c := *t
	c.Bases, c.Conflicts = slices.Clip(t.Bases), slices.Clip(t.Conflicts)
	c.Changes, c.Paths = slices.Clip(t.Changes), slices.Clip(t.Paths)
	return &c
}
