package openapi

import (
	"fmt"
	"strconv"
)

// conflicts reports values that no document of GitHub's can have together, which a schema cannot say. It looks at every
// object in v and recognises by its properties what it is.
func conflicts(v any, at string) []Violation {
	var out []Violation
	switch v := v.(type) {
	case []any:
		for i, value := range v {
			out = append(out, conflicts(value, at+"/"+strconv.Itoa(i))...)
		}
	case map[string]any:
		for _, msg := range []string{completion(v), merged(v), closed(v)} {
			if msg != "" {
				out = append(out, Violation{At: at, Kind: Conflict, Msg: msg})
			}
		}
		for _, key := range sortedKeys(v) {
			out = append(out, conflicts(v[key], at+"/"+key)...)
		}
	}
	return out
}

// completion: a check run or suite, or a request for one, is completed exactly when it has a conclusion, and a run that
// is completed was completed at some time.
func completion(o map[string]any) string {
	status, hasStatus := o["status"].(string)
	conclusion, hasConclusion := o["conclusion"]
	completedAt, hasTime := o["completed_at"]
	switch {
	case !hasStatus || !hasConclusion:
		return ""
	case (status == "completed") != (conclusion != nil):
		return fmt.Sprintf("status %q with conclusion %v", status, conclusion)
	case hasTime && (status == "completed") != (completedAt != nil):
		return fmt.Sprintf("status %q with completed_at %v", status, completedAt)
	}
	return ""
}

// merged: a pull request that is merged is closed and has the time of it, and the reverse.
func merged(o map[string]any) string {
	flag, ok := o["merged"].(bool)
	at, has := o["merged_at"]
	if !ok || !has {
		return ""
	}
	if flag != (at != nil) || flag && o["state"] != "closed" {
		return fmt.Sprintf("merged %v with merged_at %v and state %v", flag, at, o["state"])
	}
	return ""
}

// closed: an issue or pull request that is closed has the time of it, and an open one has none.
func closed(o map[string]any) string {
	state, _ := o["state"].(string)
	at, has := o["closed_at"]
	if !has || state != "open" && state != "closed" {
		return ""
	}
	if (state == "closed") != (at != nil) {
		return fmt.Sprintf("state %q with closed_at %v", state, at)
	}
	return ""
}

// organization: payloads about an organization's repository name the organization.
func organization(payload map[string]any) []Violation {
	repository, _ := payload["repository"].(map[string]any)
	owner, _ := repository["owner"].(map[string]any)
	if _, has := payload["organization"]; has || owner["type"] != "Organization" {
		return nil
	}
	return []Violation{{At: "/organization", Kind: Conflict, Msg: "missing, though the repository belongs to an organization"}}
}
