package openapi

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
)

// ValidateEvent holds the payload of a webhook to GitHub's description and to recorded real payloads. event is the
// value of X-GitHub-Event. The error is a Violations with all differences.
func (d *Description) ValidateEvent(event string, body []byte) error {
	v, err := decode(body)
	if err != nil {
		return d.result(event, "", []Violation{{In: "payload", Kind: Invalid, Msg: err.Error()}})
	}
	object, ok := v.(map[string]any)
	if !ok {
		return d.result(event, "", []Violation{{In: "payload", Kind: Invalid, Msg: "must be an object, not " + kindOf(v)}})
	}
	action, _ := object["action"].(string)
	e, err := d.event(event, action)
	if err != nil {
		return d.result(event, "", []Violation{{In: "payload", Kind: Unknown, Msg: err.Error()}})
	}
	out := judge(e.schema, e.shape, v)
	return d.result(strings.TrimSuffix(event+" "+action, " "), "", within("payload", append(out, organization(object)...)))
}

// ValidateDelivery is ValidateEvent with the headers that GitHub sends along. It does not verify the signature, whose
// secret it does not know.
func (d *Description) ValidateDelivery(header http.Header, body []byte) error {
	event := header.Get("X-GitHub-Event")
	out := headers(header)
	if vs, ok := d.ValidateEvent(event, body).(Violations); ok {
		out = append(out, vs...)
	}
	if header.Get("X-GitHub-Hook-Installation-Target-Type") == "integration" {
		out = append(out, installed(event, body)...)
	}
	return d.result(event, "", out)
}

// headers holds the headers of a delivery to what GitHub sends.
func headers(header http.Header) []Violation {
	var out []Violation
	for name, check := range map[string]func(string) bool{
		"X-GitHub-Event":                         func(s string) bool { return s != "" },
		"X-GitHub-Delivery":                      func(s string) bool { return uuid.Validate(s) == nil },
		"X-GitHub-Hook-ID":                       digits,
		"X-GitHub-Hook-Installation-Target-ID":   digits,
		"X-GitHub-Hook-Installation-Target-Type": target,
		"X-Hub-Signature":                        signature("sha1=", 20),
		"X-Hub-Signature-256":                    signature("sha256=", 32),
		"User-Agent":                             func(s string) bool { return strings.HasPrefix(s, "GitHub-Hookshot/") },
		"Content-Type":                           func(s string) bool { return s == "application/json" },
	} {
		if value := header.Get(name); !check(value) {
			out = append(out, Violation{In: "header", At: name, Kind: Invalid, Msg: fmt.Sprintf("GitHub sends no %q here", value)})
		}
	}
	return out
}

// installed reports a delivery to an App that does not name its installation. A ping comes before there is one, and the
// revocation of an authorization is about a person.
func installed(event string, body []byte) []Violation {
	var payload struct {
		Installation struct {
			ID int64 `json:"id"`
		} `json:"installation"`
	}
	if event == "ping" || event == "github_app_authorization" || json.Unmarshal(body, &payload) != nil || payload.Installation.ID != 0 {
		return nil
	}
	return []Violation{{In: "payload", At: "/installation/id", Kind: Missing, Msg: "every delivery to an App names its installation"}}
}

func target(s string) bool { return s == "integration" || s == "repository" || s == "organization" }

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// signature accepts prefix followed by so many bytes in hexadecimal.
func signature(prefix string, size int) func(string) bool {
	return func(s string) bool {
		sum, err := hex.DecodeString(strings.TrimPrefix(s, prefix))
		return strings.HasPrefix(s, prefix) && err == nil && len(sum) == size
	}
}

// hookName returns the description's name for an event and its action.
func hookName(event, action string) string {
	return strings.ReplaceAll(strings.TrimSuffix(event+"-"+action, "-"), "_", "-")
}

// recordedShape returns what the recorded payloads of an event and action have. Where an action was not recorded, it is
// what the payloads of all the event's actions have, except top-level properties that only some of them have: label,
// changes and the like belong to their action. No ping of an App was recorded, and those of repositories and
// organizations have other properties.
func (d *Description) recordedShape(schema *openapi3.Schema, event, action string) *shape {
	if event == "ping" {
		return nil
	}
	var same *shape
	count := map[string]int{}
	for _, payload := range d.examples[event] {
		object, _ := payload.(map[string]any)
		if recorded, _ := object["action"].(string); recorded == action {
			same = same.merge(describedShape(schema, object))
		}
		for key := range object {
			count[key]++
		}
	}
	if same != nil {
		return same
	}
	var all *shape
	for _, payload := range d.examples[event] {
		all = all.merge(describedShape(schema, payload))
	}
	for key, n := range count {
		if n < len(d.examples[event]) {
			all.forget([]string{key})
		}
	}
	return all
}
