package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Repo is a repository: a real bare one on disk, and what GitHub knows about it.
type Repo struct {
	ID  int64
	Dir string // the bare repository; after changing refs there, call Pushed

	g             *GitHub
	owner         *User
	name          string
	private       bool
	deleted       bool
	defaultBranch string
	parent        *Repo            // what it was forked from
	roles         map[*User]string // given by name
	dismissStale  bool             // a push to a pull request dismisses its approvals
	protections   map[string]*Protection
	rulesets      []*Ruleset
	methods       []string          // ways of merging pull requests; nil: all
	deleteMerged  bool              // the head branch goes when its pull request is merged
	merging       *Pull             // what the reference now moving merges
	refs          map[string]string // as last announced: full name to object id
	staleRefs     map[string]string // as before the last announcement
	refsChanged   int               // request number of that announcement
	objects       *objectReader
	commits       map[string]*commit
	pulls         []*Pull
	issues        int // the last number given to a pull request
	suites        []*suite
	runs          []*checkRun
	workflowFiles []*workflowFile
	workflowRuns  []*workflowRun
	statuses      []*status
	comments      []*comment
	plainIssues   []*Issue
	labels        []*label
	diffs         map[string]*diffStat
	created       time.Time
	updated       time.Time
	pushed        time.Time
	writing       chan struct{} // holds one token: whoever takes it may change refs
}

// Repo makes a private repository whose default branch main holds the given
// files (path to content) in one commit by its owner. The owner is made as an
// organization when there is no such account yet. No files: an empty repository.
func (g *GitHub) Repo(owner, name string, files map[string]string) (*Repo, error) {
	g.mu.Lock()
	r, err := g.newRepo(owner, name)
	g.mu.Unlock()
	if err != nil || len(files) == 0 {
		return r, err
	}
	_, err = r.Commit(Commit{By: r.owner, Branch: "main", Message: "Initial commit", Files: files})
	return r, err
}

func (g *GitHub) newRepo(owner, name string) (*Repo, error) {
	full := owner + "/" + name
	if r := g.names[strings.ToLower(full)]; r != nil && strings.EqualFold(r.fullName(), full) {
		return nil, fmt.Errorf("make repository %s: there is one already", full)
	}
	id := g.nextID("repository")
	r := &Repo{ID: id, Dir: g.repoDir(id), g: g, owner: g.account(owner, "Organization"), name: name, private: true,
		defaultBranch: "main", roles: map[*User]string{}, protections: map[string]*Protection{}, refs: map[string]string{}, staleRefs: map[string]string{},
		commits: map[string]*commit{}, diffs: map[string]*diffStat{}, created: g.now(), updated: g.now(),
		pushed: g.now(), writing: make(chan struct{}, 1)}
	if _, err := g.git(g.o.Dir, nil, "init", "--quiet", "--bare", "--initial-branch=main", r.Dir); err != nil {
		return nil, fmt.Errorf("make repository %s: %w", full, err)
	}
	if err := r.configure(r.Dir); err != nil {
		return nil, fmt.Errorf("make repository %s: %w", full, err)
	}
	r.objects = &objectReader{ctx: g.ctx, dir: r.Dir}
	g.repos[id] = r
	g.names[strings.ToLower(full)] = r
	g.log(Event{Kind: "repository", Repo: full, Actor: owner, Text: "made repository " + full})
	return r, nil
}

// configure makes the bare repository behave as GitHub's do: any object that
// is there may be fetched by its id, partial clones work, refs/pull is not to
// be pushed to, and hooks or maintenance never run.
func (r *Repo) configure(dir string) error {
	config := [][2]string{{"uploadpack.allowAnySHA1InWant", "true"}, {"uploadpack.allowFilter", "true"},
		{"receive.hideRefs", "refs/pull"}, {"receive.denyDeleteCurrent", "refuse"}, {"receive.autogc", "false"},
		{"gc.auto", "0"}, {"maintenance.auto", "false"}, {"core.hooksPath", "/dev/null"},
		{"transfer.fsckObjects", "false"}, {"http.receivepack", "true"}, {"core.logAllRefUpdates", "false"}}
	var text strings.Builder
	text.WriteString("[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n")
	for _, c := range config {
		section, key, _ := strings.Cut(c[0], ".")
		fmt.Fprintf(&text, "[%s]\n\t%s = %s\n", section, key, c[1])
	}
	return writeFile(dir, "config", text.String())
}

// FullName is "owner/name", as it is now.
func (r *Repo) FullName() string {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	return r.fullName()
}

func (r *Repo) fullName() string { return r.owner.Login + "/" + r.name }

// CloneURL is the address git clones from, without credentials.
func (r *Repo) CloneURL() string { return r.g.url + "/" + r.FullName() + ".git" }

// DefaultBranch is the name of the default branch.
func (r *Repo) DefaultBranch() string {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	return r.defaultBranch
}

// Tip is the commit at the end of a branch, or "" when there is no such branch.
func (r *Repo) Tip(branch string) string {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	return r.refs["refs/heads/"+branch]
}

// Collaborate gives an account a role: read, triage, write, maintain or admin;
// "none" takes it away.
func (r *Repo) Collaborate(u *User, role string) error {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	switch {
	case role == "none":
		delete(r.roles, u)
	case slices.Contains(roles, role):
		r.roles[u] = role
	default:
		return fmt.Errorf("give %s the role %q on %s: there is no such role; take %s or none",
			u.Login, role, r.fullName(), strings.Join(roles, ", "))
	}
	return nil
}

// SetPrivate makes the repository private or public.
func (r *Repo) SetPrivate(private bool) {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	if r.private == private {
		return
	}
	r.private, r.updated = private, r.g.now()
	action := "publicized"
	if private {
		action = "privatized"
	}
	r.sendRepository(action, nil, r.owner)
}

// Rename gives the repository another name. Old addresses redirect: the API
// with 301 or 307, git by the name's alias.
func (r *Repo) Rename(name string) error {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	old := r.name
	if err := r.move(r.owner, name); err != nil {
		return fmt.Errorf("rename %s: %w", r.fullName(), err)
	}
	r.sendRepository("renamed", fields{"repository": fields{"name": fields{"from": old}}}, r.owner)
	return nil
}

// Transfer gives the repository to another owner. Installations of the old
// owner's account lose it.
func (r *Repo) Transfer(to *User) error {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	old := r.owner
	if err := r.move(to, r.name); err != nil {
		return fmt.Errorf("transfer %s: %w", r.fullName(), err)
	}
	from := fields{"user": r.g.renderUser(old)}
	if old.Kind == "Organization" {
		from = fields{"organization": r.g.renderOrganization(old)}
	}
	r.sendRepository("transferred", fields{"owner": fields{"from": from}}, to)
	for _, i := range r.g.sortedInstalls() {
		if i.account == old && i.repos[r.ID] {
			i.changeRepos(nil, []*Repo{r})
		}
	}
	return nil
}

func (r *Repo) move(owner *User, name string) error {
	key := strings.ToLower(owner.Login + "/" + name)
	if other := r.g.names[key]; other != nil && other != r && strings.EqualFold(other.fullName(), key) {
		return fmt.Errorf("there is a repository %s already", key)
	}
	r.g.log(Event{Kind: "repository", Repo: r.fullName(), Actor: r.owner.Login, Text: "moved to " + owner.Login + "/" + name})
	r.owner, r.name, r.updated = owner, name, r.g.now()
	r.g.names[key] = r
	return nil
}

// SetDefaultBranch makes another existing branch the default one.
func (r *Repo) SetDefaultBranch(branch string) error {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	if r.refs["refs/heads/"+branch] == "" {
		return fmt.Errorf("make %s the default branch of %s: there is no such branch", branch, r.fullName())
	}
	if _, err := r.g.git(r.Dir, nil, "symbolic-ref", "HEAD", "refs/heads/"+branch); err != nil {
		return fmt.Errorf("make %s the default branch of %s: %w", branch, r.fullName(), err)
	}
	old := r.defaultBranch
	r.defaultBranch, r.updated = branch, r.g.now()
	r.sendRepository("edited", fields{"default_branch": fields{"from": old}}, r.owner)
	return nil
}

// Delete removes the repository from GitHub; its folder stays until Close.
// Pull requests from it keep their number and lose their head repository.
func (r *Repo) Delete() {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	r.sendRepository("deleted", nil, r.owner)
	r.deleted = true
	for _, i := range r.g.sortedInstalls() {
		delete(i.repos, r.ID)
	}
	for key, named := range r.g.names {
		if named == r {
			delete(r.g.names, key)
		}
	}
	delete(r.g.repos, r.ID)
	for _, other := range r.g.sortedRepos() {
		for _, p := range other.pulls {
			if p.headRepo == r {
				p.keep()
				p.headRepo = nil
			}
		}
	}
	r.objects.close()
}

// Fork copies the repository to another owner, with its branches.
func (r *Repo) Fork(owner *User) (*Repo, error) {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	f, err := r.g.newRepo(owner.Login, r.name)
	if err != nil {
		return nil, fmt.Errorf("fork %s: %w", r.fullName(), err)
	}
	f.parent, f.private, f.defaultBranch = r, r.private, r.defaultBranch
	if _, err := r.g.git(f.Dir, nil, "fetch", "--quiet", "--no-tags", r.Dir, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"); err != nil {
		return nil, fmt.Errorf("fork %s: %w", r.fullName(), err)
	}
	refs, err := f.readRefs()
	if err != nil {
		return nil, fmt.Errorf("fork %s: %w", r.fullName(), err)
	}
	f.refs = refs
	return f, nil
}
