package openapi

import (
	"fmt"
	"net/url"
	"regexp"
	"sort"
	"strings"
)

// route is one path template of the description.
type route struct {
	template string
	pattern  *regexp.Regexp // over the escaped path; one group a parameter
	names    []string
	literals int // segments that are not parameters: the more, the more specific
	methods  map[string]map[string]any
}

// severalSegments are the path parameters whose values may hold slashes: names of branches, files and labels, and
// everything that takes a ref in the place of a branch. The full description marks most of them x-multi-segment.
var severalSegments = map[string]bool{
	"basehead": true, "branch": true, "commit_sha": true, "name": true, "path": true, "ref": true, "sha": true, "tree_sha": true,
}

var parameter = regexp.MustCompile(`\{(\w+)\}`)

// routesOf compiles the templates, the most specific first: commits/{ref}/check-runs is tried before commits/{ref},
// whose ref may hold slashes too.
func routesOf(paths map[string]map[string]map[string]any) []route {
	routes := make([]route, 0, len(paths))
	for template, methods := range paths {
		routes = append(routes, routeOf(template, methods))
	}
	sort.Slice(routes, func(i, j int) bool {
		if a, b := routes[i].literals, routes[j].literals; a != b {
			return a > b
		}
		return routes[i].template < routes[j].template
	})
	return routes
}

func routeOf(template string, methods map[string]map[string]any) route {
	r := route{template: template, methods: methods}
	var pattern strings.Builder
	for segment := range strings.SplitSeq(template[1:], "/") {
		name := parameter.FindStringSubmatch(segment)
		if name == nil {
			r.literals++
			pattern.WriteString("/" + regexp.QuoteMeta(segment))
			continue
		}
		r.names = append(r.names, name[1])
		pattern.WriteString(valuePattern(name[1]))
	}
	r.pattern = regexp.MustCompile("^" + pattern.String() + "$")
	return r
}

// valuePattern matches the slash and the value of a path parameter.
func valuePattern(name string) string {
	switch {
	case name == "path": // the root directory is the empty path, with or without the slash before it
		return "(?:/(.*))?"
	case severalSegments[name]:
		return "/(.+)"
	}
	return "/([^/]+)"
}

// find returns the operation that serves method at path (escaped, as on the wire) and its decoded path parameters. A
// repository may also be named by its id, /repositories/17/…, which is where GitHub redirects to after a rename.
func (d *Description) find(method, path string) (*operation, map[string]string, error) {
	if rest, byID := strings.CutPrefix(path, "/repositories/"); byID {
		path = "/repos/id/" + rest
	}
	for _, r := range d.routes {
		groups := r.pattern.FindStringSubmatch(path)
		raw := r.methods[strings.ToLower(method)]
		if groups == nil || raw == nil {
			continue
		}
		params := make(map[string]string, len(r.names))
		for i, name := range r.names {
			value, err := url.PathUnescape(groups[i+1])
			if err != nil {
				return nil, nil, fmt.Errorf("path parameter %s: %w", name, err)
			}
			params[name] = value
		}
		op, err := d.operation(strings.ToUpper(method)+" "+r.template, raw)
		return op, params, err
	}
	return nil, nil, fmt.Errorf("no operation %s %s in GitHub's description as cut down by testdata/github/operations.txt; "+
		"is the path right? If it is, add the operation there and run testdata/github/refresh", method, path)
}
