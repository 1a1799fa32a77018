package sim

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tokenLife is how long an installation token works.
const tokenLife = time.Hour

// token is what a bearer string stands for: an account, or an installation
// with a subset of its repositories and permissions.
type token struct {
	user        *User
	install     *Installation
	repos       map[int64]bool // nil: all of the installation
	permissions map[string]string
	expires     time.Time
}

// caller is who makes a request. The zero value is anonymous.
type caller struct {
	app   *App   // by a JSON web token, or the App of an installation token
	token *token // by a token
}

// identify reads the Authorization header. It returns GitHub's answer when the
// credentials are no good.
func (g *GitHub) identify(h http.Header) (caller, *reply) {
	text := h.Get("Authorization")
	if text == "" {
		return caller{}, nil
	}
	scheme, value, _ := strings.Cut(text, " ")
	switch strings.ToLower(scheme) {
	case "bearer", "token":
	case "basic":
		plain, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			return caller{}, fail(http.StatusUnauthorized, "Bad credentials")
		}
		_, value, _ = strings.Cut(string(plain), ":")
	default:
		return caller{}, fail(http.StatusUnauthorized, "Bad credentials")
	}
	if strings.Count(value, ".") == 2 && !strings.HasPrefix(value, "ghs_") {
		app, refusal := g.checkJWT(value)
		return caller{app: app}, refusal
	}
	t := g.tokens[value]
	switch {
	case t == nil:
		return caller{}, fail(http.StatusUnauthorized, "Bad credentials")
	case t.install == nil:
		return caller{token: t}, nil
	case t.install.removed || !g.now().Before(t.expires):
		return caller{}, fail(http.StatusUnauthorized, "Bad credentials")
	case !t.install.suspended.IsZero():
		return caller{}, fail(http.StatusForbidden, "This installation has been suspended")
	}
	return caller{app: t.install.app, token: t}, nil
}

// checkJWT verifies an App's JSON web token: RS256, iat not in the future, exp
// at most ten minutes ahead, iss an App's id or client id.
func (g *GitHub) checkJWT(value string) (*App, *reply) {
	undecodable := fail(http.StatusUnauthorized, "A JSON web token could not be decoded")
	parts := strings.Split(value, ".")
	var header struct{ Alg string }
	var claims struct {
		Iat, Exp *float64
		Iss      any
	}
	if decodePart(parts[0], &header) != nil || decodePart(parts[1], &claims) != nil || header.Alg != "RS256" {
		return nil, undecodable
	}
	app := g.issuer(claims.Iss)
	if app == nil {
		return nil, fail(http.StatusNotFound, "Integration not found")
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err != nil || rsa.VerifyPKCS1v15(&app.key.PublicKey, crypto.SHA256, digest[:], signature) != nil {
		return nil, undecodable
	}
	now := float64(g.now().Unix())
	switch {
	case claims.Iat == nil || *claims.Iat > now+1:
		return nil, fail(http.StatusUnauthorized, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued")
	case claims.Exp == nil || *claims.Exp <= now:
		return nil, fail(http.StatusUnauthorized, "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires")
	case *claims.Exp > now+600 || *claims.Exp > *claims.Iat+660:
		return nil, fail(http.StatusUnauthorized, "'Expiration time' claim ('exp') is too far in the future")
	}
	return app, nil
}

func decodePart(part string, into any) error {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return fmt.Errorf("decode a part of a web token: %w", err)
	}
	return json.Unmarshal(raw, into)
}

func (g *GitHub) issuer(iss any) *App {
	switch v := iss.(type) {
	case float64:
		return g.apps[int64(v)]
	case string:
		if id, err := strconv.ParseInt(v, 10, 64); err == nil {
			return g.apps[id]
		}
		for _, a := range g.apps {
			if a.ClientID == v {
				return a
			}
		}
	}
	return nil
}

// tokenRequest is the body of POST access_tokens; null and {} ask for everything.
type tokenRequest struct {
	Repositories  []string          `json:"repositories"`
	RepositoryIDs []int64           `json:"repository_ids"`
	Permissions   map[string]string `json:"permissions"`
}

// mint makes an installation token, or returns GitHub's refusal.
func (i *Installation) mint(q tokenRequest) (string, *token, *reply) {
	t := &token{install: i, permissions: maps.Clone(i.permissions), expires: i.g.now().Add(tokenLife)}
	if len(q.Repositories)+len(q.RepositoryIDs) > 500 {
		return "", nil, fail(http.StatusUnprocessableEntity, "There are too many repositories listed in the request. No more than 500 repositories can be listed.")
	}
	missing := fail(http.StatusUnprocessableEntity, "There is at least one repository that does not exist or is not accessible to the parent installation.")
	if q.Repositories != nil || q.RepositoryIDs != nil {
		t.repos = map[int64]bool{}
	}
	for _, name := range q.Repositories {
		r := i.g.names[strings.ToLower(i.account.Login+"/"+name)]
		if !i.has(r) {
			return "", nil, missing
		}
		t.repos[r.ID] = true
	}
	for _, id := range q.RepositoryIDs {
		if !i.has(i.g.repos[id]) {
			return "", nil, missing
		}
		t.repos[id] = true
	}
	if q.Permissions != nil {
		t.permissions = map[string]string{}
	}
	for _, name := range slices.Sorted(maps.Keys(q.Permissions)) {
		if level := q.Permissions[name]; levelOf(level) == 0 || levelOf(level) > levelOf(i.permissions[name]) {
			return "", nil, fail(http.StatusUnprocessableEntity, "The permissions requested are not granted to this installation.")
		}
		t.permissions[name] = q.Permissions[name]
	}
	if t.permissions["metadata"] == "" {
		t.permissions["metadata"] = "read"
	}
	value := i.g.tokenText(i.app)
	i.g.tokens[value] = t
	return value, t, nil
}

// tokenText makes a token like those of today: "ghs_", the App's id, and what
// looks like a JSON web token; some 500 characters with dots, hyphens and
// underscores.
func (g *GitHub) tokenText(a *App) string {
	part := func(n int) string {
		var raw []byte
		for len(raw) < n {
			raw = append(raw, g.secret("installation")...)
		}
		text := base64.RawURLEncoding.EncodeToString(raw)
		return text[:n-8] + "-_" + text[:6]
	}
	return fmt.Sprintf("ghs_%d_%s.%s.%s", a.ID, part(48), part(220), part(220))
}

// may says whether the caller has a permission at a level, wherever it is.
func (t *token) may(permission string, level int) bool {
	return levelOf(t.permissions[permission]) >= level && levelOf(t.install.permissions[permission]) >= level
}

// covers says whether an installation token reaches a repository.
func (t *token) covers(r *Repo) bool {
	return t.install.has(r) && (t.repos == nil || t.repos[r.ID])
}
