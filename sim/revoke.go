package sim

// RevokeTokens makes GitHub refuse every token of the installation from now on, as it does when a token expires or is
// revoked. New ones are issued as before.
func (i *Installation) RevokeTokens() {
	i.g.mu.Lock()
	defer i.g.mu.Unlock()
	for secret, t := range i.g.tokens {
		if t.install == i {
			delete(i.g.tokens, secret)
		}
	}
}
