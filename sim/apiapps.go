package sim

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

func appRoutes() []route {
	return []route{
		{"GET", "/app", "app", func(c *call) *reply { return ok(c.ownApp()) }},
		{"GET", "/app/installations", "app", (*call).listInstallations},
		{"GET", "/app/installations/{installation_id}", "app", (*call).getInstallation},
		{"POST", "/app/installations/{installation_id}/access_tokens", "app", (*call).createToken},
		{"GET", "/app/hook/config", "app", (*call).hookConfig},
		{"GET", "/app/hook/deliveries", "app", (*call).listDeliveries},
		{"GET", "/app/hook/deliveries/{delivery_id}", "app", (*call).getDelivery},
		{"POST", "/app/hook/deliveries/{delivery_id}/attempts", "app", (*call).redeliver},
		{"GET", "/installation/repositories", "installation", (*call).listInstallationRepos},
		{"GET", "/rate_limit", "", (*call).rateLimit},
		{"GET", "/user", "", (*call).getSelf},
		{"GET", "/users/{username}", "", (*call).getUser},
		{"GET", "/repos/{owner}/{repo}/installation", "app", (*call).repoInstallation},
	}
}

// ownApp is the App as it sees itself.
func (c *call) ownApp() fields {
	out := c.g.renderApp(c.caller.app)
	count := 0
	for _, i := range c.g.installs {
		if i.app == c.caller.app {
			count++
		}
	}
	out["installations_count"] = count
	return out
}

func (c *call) listInstallations() *reply {
	list := slices.DeleteFunc(c.g.sortedInstalls(), func(i *Installation) bool { return i.app != c.caller.app })
	return listOf(c, list, func(i *Installation) any { return c.g.renderInstallation(i) })
}

// installation is the one the path names, if it is the caller's.
func (c *call) installation() *Installation {
	i := c.g.installs[c.number("installation_id")]
	if i == nil || i.app != c.caller.app {
		return nil
	}
	return i
}

func (c *call) getInstallation() *reply {
	i := c.installation()
	if i == nil {
		return notFound()
	}
	return ok(c.g.renderInstallation(i))
}

func (c *call) createToken() *reply {
	i := c.installation()
	switch {
	case i == nil:
		return notFound()
	case !i.suspended.IsZero():
		return fail(http.StatusForbidden, "This installation has been suspended")
	}
	var q tokenRequest
	if refusal := c.decode(&q); refusal != nil {
		return refusal
	}
	value, t, refusal := i.mint(q)
	if refusal != nil {
		return refusal
	}
	body := fields{"token": value, "expires_at": stamp(t.expires), "permissions": t.permissions, "repository_selection": i.selection()}
	if t.repos != nil {
		repos := []fields{}
		for _, r := range i.repositories() {
			if t.repos[r.ID] {
				repos = append(repos, r.renderRepo())
			}
		}
		body["repositories"], body["repository_selection"] = repos, "selected"
	}
	return answer(http.StatusCreated, body)
}

func (c *call) hookConfig() *reply {
	config := fields{"content_type": "json", "insecure_ssl": "0", "url": c.caller.app.HookURL}
	if c.caller.app.HookSecret != "" {
		config["secret"] = "********"
	}
	return ok(config)
}

// listDeliveries lists the newest attempts first, in pages led by a cursor.
func (c *call) listDeliveries() *reply {
	size := min(atLeast1(c.query.Get("per_page"), 30), 100)
	cursor := c.query.Get("cursor")
	list := []any{}
	next := ""
	for _, v := range slices.Backward(c.caller.app.deliveries) {
		if cursor != "" && itoa(v.ID) != cursor {
			continue
		}
		cursor = ""
		if c.query.Get("status") == "success" && v.Status != "OK" || c.query.Get("status") == "failure" && v.Status == "OK" {
			continue
		}
		if len(list) == size {
			next = itoa(v.ID)
			break
		}
		list = append(list, v.render())
	}
	out := ok(list)
	if next != "" {
		q := c.query
		q.Set("cursor", next)
		out.header.Set("Link", "<"+c.g.api("/app/hook/deliveries?%s", q.Encode())+`>; rel="next"`)
	}
	return out
}

func (v *Delivery) render() fields {
	optional := func(id int64) any {
		if id == 0 {
			return nil
		}
		return id
	}
	return fields{"id": v.ID, "guid": v.GUID, "delivered_at": stamp(v.DeliveredAt), "redelivery": v.Redelivery,
		"duration": v.Duration.Seconds(), "status": v.Status, "status_code": v.StatusCode, "event": v.Event,
		"action": orNull(v.Action), "installation_id": optional(v.Installation), "repository_id": optional(v.Repository),
		"throttled_at": nil}
}

func (c *call) getDelivery() *reply {
	v := c.caller.app.delivery(c.number("delivery_id"))
	if v == nil {
		return notFound()
	}
	out := v.render()
	out["url"] = v.url
	out["request"] = fields{"headers": renderHeaders(v.RequestHeader), "payload": rawJSON(v.Payload)}
	out["response"] = fields{"headers": renderHeaders(v.ResponseHeader), "payload": strings.ToValidUTF8(string(v.Response), "")}
	return ok(out)
}

// renderHeaders shows headers in GitHub's own spelling.
func renderHeaders(h http.Header) fields {
	spelling := strings.NewReplacer("X-Github-", "X-GitHub-", "Hook-Id", "Hook-ID", "Target-Id", "Target-ID", "Content-Type", "content-type")
	flat := fields{}
	for name := range h {
		flat[spelling.Replace(name)] = h.Get(name)
	}
	return flat
}

func (c *call) redeliver() *reply {
	if !c.caller.app.redeliver(c.number("delivery_id")) {
		return notFound()
	}
	return answer(http.StatusAccepted, fields{})
}

func (c *call) listInstallationRepos() *reply {
	t := c.caller.token
	list := slices.DeleteFunc(t.install.repositories(), func(r *Repo) bool { return !t.covers(r) })
	out := countedOf(c, "repositories", list, func(r *Repo) any {
		shown := r.renderMergeSettings()
		shown["permissions"], shown["temp_clone_token"] = renderRole("read"), ""
		return shown
	})
	if body, isObject := out.body.(fields); isObject {
		body["repository_selection"] = t.install.selection()
	}
	return out
}

func (c *call) rateLimit() *reply {
	w := c.window()
	core := fields{"limit": c.g.o.RateLimit, "remaining": c.g.o.RateLimit - w.used, "reset": w.reset.Unix(), "used": w.used}
	resources := fields{"core": core}
	for _, name := range []string{"search", "graphql", "integration_manifest", "source_import", "code_search", "scim",
		"code_scanning_autofix", "actions_runner_registration", "dependency_snapshots"} {
		resources[name] = fields{"limit": 30, "remaining": 30, "reset": c.g.now().Unix() + 60, "used": 0}
	}
	return ok(fields{"resources": resources, "rate": core})
}

func (c *call) getSelf() *reply {
	t := c.caller.token
	switch {
	case t == nil:
		return fail(http.StatusUnauthorized, "Requires authentication")
	case t.user == nil:
		return fail(http.StatusForbidden, "Resource not accessible by integration")
	}
	out := c.g.renderFullUser(t.user)
	maps.Copy(out, fields{"collaborators": 0, "disk_usage": 0, "owned_private_repos": 0, "private_gists": 0, "total_private_repos": 0,
		"two_factor_authentication": true, "user_view_type": "private"})
	return ok(out)
}

func (c *call) getUser() *reply {
	u := c.g.users[strings.ToLower(c.params["username"])]
	if u == nil {
		return notFound()
	}
	return ok(c.g.renderFullUser(u))
}

func (c *call) repoInstallation() *reply {
	i := c.caller.app.installed(c.repo)
	if i == nil {
		return notFound()
	}
	return ok(c.g.renderInstallation(i))
}
