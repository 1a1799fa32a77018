package git

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

var (
	idPattern   = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)
	refPattern  = regexp.MustCompile(`^refs/[^/]+/.+$`)
	hostPattern = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$`)
	repoPattern = regexp.MustCompile(`^(?:/[A-Za-z0-9._-]+)+$`)
)

// CheckID reports whether id is a full object id: 40 or 64 lower-case hex
// digits. Abbreviations are refused: they are ambiguous.
func CheckID(id string) error {
	if !idPattern.MatchString(id) {
		return fmt.Errorf("object id %.80q is not 40 or 64 lower-case hex digits", id)
	}
	return nil
}

// CheckRef reports whether ref is a complete reference name such as
// refs/heads/main that git accepts (git-check-ref-format), in UTF-8 and at
// most 1,024 bytes long. Short names are refused: a tag may shadow a branch.
func CheckRef(ref string) error {
	bad := func(why string) error { return fmt.Errorf("reference name %.200q %s", ref, why) }
	switch {
	case len(ref) > 1024:
		return bad("is longer than 1024 bytes")
	case !refPattern.MatchString(ref):
		return bad("is not complete; give it as refs/heads/…, refs/pull/…/head or refs/tags/…")
	case !utf8.ValidString(ref):
		return bad("is not valid UTF-8")
	case strings.ContainsAny(ref, "~^:?*[\\ \x7f") || strings.ContainsFunc(ref, func(c rune) bool { return c < ' ' }):
		return bad("has a character git forbids")
	case strings.Contains(ref, "..") || strings.Contains(ref, "@{"):
		return bad("contains .. or @{")
	case strings.HasSuffix(ref, "."):
		return bad("ends in a dot")
	}
	for part := range strings.SplitSeq(ref, "/") {
		if part == "" || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") {
			return bad("has an empty part, one that starts with a dot or one that ends in .lock")
		}
	}
	return nil
}

// checkPath reports whether path can name a tree entry: relative, without
// empty, "." or ".." segments and within the limits of length and depth.
func checkPath(path string) error {
	if path == "" || len(path) > maxPath || strings.Contains(path, "\x00") {
		return fmt.Errorf("path %.80q is empty, holds a NUL or is longer than %d bytes", path, maxPath)
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." || part == ".." {
			return fmt.Errorf("path %.200q has an empty, \".\" or \"..\" segment", path)
		}
	}
	return nil
}

// checkURL reports whether u may be talked to: https without credentials,
// query or fragment, to one of hosts when any are given; or, if allowHTTP,
// http to a loopback host.
func checkURL(u string, hosts []string, allowHTTP bool) error {
	p, err := url.Parse(u)
	if err != nil {
		return fmt.Errorf("remote URL cannot be read: %w", redactURL(err))
	}
	host := p.Hostname()
	switch {
	case p.User != nil:
		return fmt.Errorf("remote URL for host %q carries credentials; hand them over as Remote.Token", host)
	case p.RawQuery != "" || p.Fragment != "" || p.Opaque != "" || p.ForceQuery || p.RawPath != "":
		return fmt.Errorf("remote URL for host %q has a query, fragment or escaped path", host)
	case !repoPattern.MatchString(p.Path) || strings.Contains(p.Path+"/", "/./") || strings.Contains(p.Path+"/", "/../"):
		return fmt.Errorf("remote URL path %.200q is not of the form /owner/name.git", p.Path)
	case p.Scheme == "http" && allowHTTP && isLoopback(host):
		return nil
	case p.Scheme != "https":
		return fmt.Errorf("remote URL scheme %.20q is refused: only https is allowed", p.Scheme)
	case !hostPattern.MatchString(host) && !isAddress(host):
		return fmt.Errorf("remote host %.200q is not a host name", host)
	case len(hosts) > 0 && !slices.Contains(hosts, p.Host):
		return fmt.Errorf("remote host %.200q is not one of %q", p.Host, hosts)
	}
	return nil
}

// redactURL keeps the cause of a URL error and drops the URL, which may hold
// credentials.
func redactURL(err error) error {
	if e, ok := err.(*url.Error); ok {
		return e.Err
	}
	return err
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
