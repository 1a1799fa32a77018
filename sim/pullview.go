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
