package sim

// Labels are the names of the pull request's labels, in the order in which they were put there.
func (p *Pull) Labels() []string {
	p.repo.g.mu.Lock()
	defer p.repo.g.mu.Unlock()
	var names []string
	for _, l := range p.labels {
		names = append(names, l.name)
	}
	return names
}

// Requested are those who were asked for a review and have not given it: "@login" and "@org/team".
func (p *Pull) Requested() []string {
	p.repo.g.mu.Lock()
	defer p.repo.g.mu.Unlock()
	var names []string
	for _, u := range p.asked {
		names = append(names, "@"+u.Login)
	}
	for _, t := range p.askedTeams {
		names = append(names, "@"+t.org.Login+"/"+t.Slug)
	}
	return names
}

// Said is one comment of the conversation, as it reads now.
type Said struct {
	ID       int64
	By, Body string // the author's login
}

// Comments are what stands in the conversation, the oldest first.
func (p *Pull) Comments() []Said {
	p.repo.g.mu.Lock()
	defer p.repo.g.mu.Unlock()
	var said []Said
	for _, m := range p.repo.comments {
		if m.pull == p && !m.deleted {
			said = append(said, Said{ID: m.id, By: m.by.Login, Body: m.body})
		}
	}
	return said
}

// Title is the pull request's title.
func (p *Pull) Title() string {
	p.repo.g.mu.Lock()
	defer p.repo.g.mu.Unlock()
	return p.title
}

// Body is the pull request's description.
func (p *Pull) Body() string {
	p.repo.g.mu.Lock()
	defer p.repo.g.mu.Unlock()
	return p.body
}

// Branch is the branch it comes from.
func (p *Pull) Branch() string {
	p.repo.g.mu.Lock()
	defer p.repo.g.mu.Unlock()
	return p.headRef
}

// Base is the branch it goes to.
func (p *Pull) Base() string {
	p.repo.g.mu.Lock()
	defer p.repo.g.mu.Unlock()
	return p.baseRef
}
