package sim

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
)

func gitRoutes() []route {
	return []route{
		{"GET", "/repos/{owner}/{repo}/git/ref/{ref}", "contents:read", (*call).getRef},
		{"GET", "/repos/{owner}/{repo}/git/matching-refs/{ref}", "contents:read", (*call).matchingRefs},
		{"GET", "/repos/{owner}/{repo}/git/commits/{commit_sha}", "contents:read", (*call).getGitCommit},
		{"GET", "/repos/{owner}/{repo}/git/trees/{tree_sha}", "contents:read", (*call).getTree},
		{"GET", "/repos/{owner}/{repo}/git/blobs/{file_sha}", "contents:read", (*call).getBlob},
	}
}

// escapePath escapes a path for an address, segment by segment.
func escapePath(path string) string { return (&url.URL{Path: path}).EscapedPath() }

func rawJSON(data []byte) any {
	if !json.Valid(data) {
		return nil
	}
	return json.RawMessage(data)
}

func (c *call) renderRef(name, id string) (fields, error) {
	o, err := c.repo.objects.read(id)
	if err != nil {
		return nil, err
	}
	return fields{"ref": name, "node_id": nodeID("Ref", name), "url": c.repo.apiURL() + "/git/" + name,
		"object": fields{"sha": id, "type": o.kind, "url": c.repo.apiURL() + "/git/" + o.kind + "s/" + id}}, nil
}

func (c *call) getRef() *reply {
	name := "refs/" + strings.TrimPrefix(c.params["ref"], "refs/")
	id := c.refs()[name]
	if id == "" {
		return notFound()
	}
	shown, err := c.renderRef(name, id)
	if err != nil {
		return c.missing(err)
	}
	return ok(shown)
}

func (c *call) matchingRefs() *reply {
	prefix := "refs/" + strings.TrimPrefix(c.params["ref"], "refs/")
	list := []fields{}
	refs := c.refs()
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		shown, err := c.renderRef(name, refs[name])
		if err != nil {
			return c.missing(err)
		}
		list = append(list, shown)
	}
	return ok(list)
}

func (c *call) getGitCommit() *reply {
	id := c.params["commit_sha"]
	if !isHex(id) {
		return notFound()
	}
	found, err := c.repo.commit(id)
	if err != nil {
		return c.missing(err)
	}
	parents := []fields{}
	for _, p := range found.parents {
		parents = append(parents, fields{"sha": p, "url": c.repo.apiURL() + "/git/commits/" + p, "html_url": c.repo.webURL() + "/commit/" + p})
	}
	return ok(fields{"sha": found.id, "node_id": nodeID("Commit", found.id), "url": c.repo.apiURL() + "/git/commits/" + found.id,
		"html_url": c.repo.webURL() + "/commit/" + found.id, "author": renderSignature(found.author),
		"committer": renderSignature(found.committer), "message": strings.TrimRight(found.message, "\n"), "parents": parents,
		"tree": fields{"sha": found.tree, "url": c.repo.apiURL() + "/git/trees/" + found.tree}, "verification": renderUnsigned()})
}

// getTree lists a tree, with ?recursive= all below it, cut off at 100,000
// entries.
func (c *call) getTree() *reply {
	rev := c.params["tree_sha"]
	if found, err := c.resolve(rev); err == nil {
		rev = found.tree
	} else if !isHex(rev) {
		return notFound()
	}
	id, entries, err := c.repo.tree(rev)
	if err != nil {
		return c.missing(err)
	}
	list, truncated, err := c.walkTree(entries, "", c.query.Has("recursive"), []fields{})
	if err != nil {
		return c.broken(err)
	}
	return ok(fields{"sha": id, "url": c.repo.apiURL() + "/git/trees/" + id, "tree": list, "truncated": truncated})
}

func (c *call) walkTree(entries []entry, prefix string, deep bool, list []fields) ([]fields, bool, error) {
	for _, e := range entries {
		if len(list) >= 100_000 {
			return list, true, nil
		}
		mode := e.mode
		if mode == "40000" {
			mode = "040000"
		}
		shown := fields{"path": prefix + e.name, "mode": mode, "type": e.kind(), "sha": e.id}
		if e.kind() != "commit" {
			shown["url"] = c.repo.apiURL() + "/git/" + e.kind() + "s/" + e.id
		}
		if e.kind() == "blob" {
			o, err := c.repo.objects.read(e.id)
			if err != nil {
				return nil, false, err
			}
			shown["size"] = len(o.data)
		}
		list = append(list, shown)
		if !deep || e.kind() != "tree" {
			continue
		}
		_, below, err := c.repo.tree(e.id)
		if err != nil {
			return nil, false, err
		}
		var truncated bool
		if list, truncated, err = c.walkTree(below, prefix+e.name+"/", deep, list); err != nil || truncated {
			return list, truncated, err
		}
	}
	return list, false, nil
}

func (c *call) getBlob() *reply {
	id := c.params["file_sha"]
	if !isHex(id) {
		return notFound()
	}
	o, err := c.repo.objects.read(id)
	if err != nil || o.kind != "blob" {
		return c.missing(errNoObject)
	}
	return ok(fields{"sha": o.id, "node_id": nodeID("Blob", o.id), "size": len(o.data), "url": c.repo.apiURL() + "/git/blobs/" + o.id,
		"content": base64.StdEncoding.EncodeToString(o.data), "encoding": "base64"})
}
