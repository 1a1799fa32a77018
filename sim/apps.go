package sim

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v4"
)

// manifest is an App's manifest, with GitHub's own names.
type manifest struct {
	Name           string `yaml:"name"`
	URL            string `yaml:"url"`
	Description    string `yaml:"description"`
	Public         bool   `yaml:"public"`
	HookAttributes struct {
		URL    string `yaml:"url"`
		Active *bool  `yaml:"active"`
	} `yaml:"hook_attributes"`
	RedirectURL           string            `yaml:"redirect_url"`
	CallbackURLs          []string          `yaml:"callback_urls"`
	SetupURL              string            `yaml:"setup_url"`
	SetupOnUpdate         bool              `yaml:"setup_on_update"`
	RequestOAuthOnInstall bool              `yaml:"request_oauth_on_install"`
	DefaultPermissions    map[string]string `yaml:"default_permissions"`
	DefaultEvents         []string          `yaml:"default_events"`
}

// App is a registered GitHub App.
type App struct {
	ID            int64
	Slug          string
	ClientID      string
	PrivateKeyPEM []byte
	HookURL       string // where webhooks go; "" means none are sent
	HookSecret    string

	g          *GitHub
	m          manifest
	key        *rsa.PrivateKey
	owner      *User
	bot        *User
	created    time.Time
	queue      []*Delivery
	wake       chan struct{}
	deliveries []*Delivery
}

// RegisterApp registers an App from its manifest, the content of app.yml.
// hookURL takes the place of the manifest's: the simulator only knows loopback.
func (g *GitHub) RegisterApp(appYML []byte, hookURL, hookSecret string) (*App, error) {
	var m manifest
	loader, err := yaml.NewLoader(strings.NewReader(string(appYML)), yaml.WithKnownFields())
	if err != nil {
		return nil, fmt.Errorf("register an App: read its manifest: %w", err)
	}
	if err := loader.Load(&m); err != nil {
		return nil, fmt.Errorf("register an App: read its manifest: %w", err)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("register an App: %w", err)
	}
	key, err := g.newKey()
	if err != nil {
		return nil, fmt.Errorf("register the App %s: make its private key: %w", m.Name, err)
	}
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	g.mu.Lock()
	defer g.mu.Unlock()
	slug := slugOf(m.Name)
	for _, other := range g.apps {
		if other.Slug == slug {
			return nil, fmt.Errorf("register the App %s: Name has already been taken", m.Name)
		}
	}
	a := &App{ID: g.nextID("app"), Slug: slug, ClientID: "Iv23li" + g.secret("client")[:14], HookURL: hookURL,
		HookSecret: hookSecret, PrivateKeyPEM: pem.EncodeToMemory(block), g: g, m: m, key: key,
		owner: g.account("app-owner", "User"), created: g.now(), wake: make(chan struct{}, 1)}
	a.bot = g.account(slug+"[bot]", "Bot")
	a.bot.app = a
	g.apps[a.ID] = a
	g.work.Go(a.deliverAll)
	a.sendPing()
	g.log(Event{Kind: "app", Actor: a.bot.Login, Text: "registered App " + m.Name})
	return a, nil
}

// A keyMaker makes a private key when it is first asked for, and always tells the same one.
type keyMaker func() (*rsa.PrivateKey, error)

// keys are for the first Apps of every simulated GitHub in this process, by size: making one takes longer than many a
// test. No two Apps of one GitHub have the same.
var keys = map[int][]keyMaker{1024: keyMakers(1024), 2048: keyMakers(2048)}

func keyMakers(bits int) []keyMaker {
	makers := make([]keyMaker, 4)
	for i := range makers {
		makers[i] = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, bits) })
	}
	return makers
}

// newKey is a private key that no other App of this GitHub has.
func (g *GitHub) newKey() (*rsa.PrivateKey, error) {
	g.mu.Lock()
	n := g.keys
	g.keys++
	g.mu.Unlock()
	if makers := keys[g.o.KeyBits]; n < len(makers) {
		return makers[n]()
	}
	return rsa.GenerateKey(rand.Reader, g.o.KeyBits)
}

// check refuses what GitHub would not register.
func (m manifest) check() error {
	if m.Name == "" || m.URL == "" {
		return fmt.Errorf("its manifest needs a name and a url")
	}
	for _, name := range slices.Sorted(maps.Keys(m.DefaultPermissions)) {
		if level := m.DefaultPermissions[name]; levelOf(level) == 0 {
			return fmt.Errorf("default_permissions: %s: %q is no level; write read or write", name, level)
		}
	}
	for _, event := range m.DefaultEvents {
		if event == "installation" || event == "installation_repositories" {
			return fmt.Errorf("default_events: %s cannot be subscribed to, it is always sent", event)
		}
		need, known := eventNeeds[event]
		if !known {
			return fmt.Errorf("default_events: %q is not simulated", event)
		}
		if !slices.ContainsFunc(need, func(p string) bool { return p == "metadata" || m.DefaultPermissions[p] != "" }) {
			return fmt.Errorf("default_events: %s needs permission to read %s", event, strings.Join(need, " or "))
		}
	}
	return nil
}

// eventNeeds says which permissions, any of them, let an App subscribe to an event.
var eventNeeds = map[string][]string{
	"push": {"contents"}, "create": {"contents"}, "delete": {"contents"},
	"pull_request": {"pull_requests"}, "pull_request_review": {"pull_requests"},
	"pull_request_review_comment": {"pull_requests"}, "pull_request_review_thread": {"pull_requests"},
	"check_run": {"checks"}, "check_suite": {"checks"}, "status": {"statuses"},
	"issue_comment": {"issues", "pull_requests"}, "issues": {"issues"}, "label": {"metadata"},
	"repository": {"metadata"}, "member": {"members"}, "membership": {"members"}, "team": {"members"},
	"organization": {"members"}, "workflow_run": {"actions"}, "workflow_job": {"actions"},
	"merge_group": {"merge_queues"}, "branch_protection_rule": {"administration"},
	"repository_ruleset": {"administration"}, "meta": {"metadata"}, "public": {"metadata"},
	"installation_target": {"metadata"},
}

func slugOf(name string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(name) {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			b.WriteRune(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.Trim(b.String(), "-")
}

// levelOf orders permission levels; 0 is none.
func levelOf(level string) int {
	return map[string]int{"read": 1, "write": 2, "admin": 3}[level]
}

// permissions are what the App asks for; metadata is always readable.
func (a *App) permissions() map[string]string {
	out := maps.Clone(a.m.DefaultPermissions)
	if out == nil {
		out = map[string]string{}
	}
	if out["metadata"] == "" {
		out["metadata"] = "read"
	}
	return out
}

// subscribed says whether an event is sent to the App. Apps that may write
// checks are subscribed to check events by GitHub itself.
func (a *App) subscribed(event string) bool {
	switch event {
	case "ping", "installation", "installation_repositories", "github_app_authorization":
		return true
	case "check_run", "check_suite":
		if a.m.DefaultPermissions["checks"] == "write" {
			return true
		}
	}
	return slices.Contains(a.m.DefaultEvents, event)
}

// Bot is the account the App acts as, "slug[bot]".
func (a *App) Bot() *User { return a.bot }

func (g *GitHub) sortedApps() []*App {
	var out []*App
	for _, id := range slices.Sorted(maps.Keys(g.apps)) {
		out = append(out, g.apps[id])
	}
	return out
}
