package sim

import (
	"net/url"
	"strings"
)

// Routes of git, as they are counted.
const (
	routeFetch = "git upload-pack"
	routePush  = "git receive-pack"
)

// route is one operation of the REST API.
type route struct {
	method  string
	pattern string // as GitHub's description has it
	// need is the permission for an installation: "checks:write", or several of
	// which any will do: "issues:read pull_requests:read". "app" means an App's
	// JSON web token, "installation" any installation token, "" nothing.
	need   string
	handle func(*call) *reply
}

// routes are all operations that are simulated. A parameter takes one segment
// of the path; ref, path, basehead, branch and a label's name take as many as there are.
func routes() []route {
	all := appRoutes()
	for _, more := range [][]route{ruleRoutes(), repoRoutes(), gitRoutes(), refRoutes(), pullRoutes(), peopleRoutes(), checkRoutes(), actionRoutes(), mergeRoutes(), graphqlRoutes()} {
		all = append(all, more...)
	}
	return all
}

// find matches a path against the operations. Literal segments win over
// parameters, in the order of the list.
func (g *GitHub) find(method string, segments []string) (route, map[string]string, bool) {
	for _, r := range g.routes {
		if r.method != method {
			continue
		}
		params := map[string]string{}
		if match(strings.Split(strings.Trim(r.pattern, "/"), "/"), segments, params) {
			return r, params, true
		}
	}
	return route{}, nil, false
}

// match fills params; parameters that may hold slashes take as few segments
// as let the rest match.
func match(pattern, segments []string, params map[string]string) bool {
	if len(pattern) == 0 {
		return len(segments) == 0
	}
	name, isParam := strings.CutPrefix(pattern[0], "{")
	name = strings.TrimSuffix(name, "}")
	longest := 1
	if isParam && (name == "ref" || name == "path" || name == "basehead" || name == "branch" || name == "name") {
		longest = len(segments)
	}
	if !isParam {
		return len(segments) > 0 && segments[0] == pattern[0] && match(pattern[1:], segments[1:], params)
	}
	shortest := 1
	if name == "path" {
		shortest = 0 // the contents of the root
	}
	for n := shortest; n <= longest && n <= len(segments); n++ {
		if match(pattern[1:], segments[n:], params) {
			params[name] = strings.Join(segments[:n], "/")
			return true
		}
	}
	return false
}

// splitPath cuts an escaped path into unescaped segments.
func splitPath(path string) ([]string, bool) {
	var out []string
	for part := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		text, err := url.PathUnescape(part)
		if err != nil {
			return nil, false
		}
		out = append(out, text)
	}
	return out, true
}
