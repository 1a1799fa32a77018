package app

import (
	"errors"
	"log/slog"
	"time"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/git"
	"github.com/agentplane/agentplane/store"
)

// Config is everything the App needs to run. The zero value of a field marked optional means its default.
type Config struct {
	GitHubURL     string // https://github.com, or a GitHub Enterprise Server's address
	AppID         int64
	PrivateKey    []byte // PEM
	WebhookSecret string // must not be empty: an empty secret would accept unsigned deliveries

	Database string // a SQLite file's path, or postgres://…
	Mirrors  string // folder of the bare mirrors, one per repository id

	SigningKey string // optional: the absolute name of a file with an Ed25519 private key in OpenSSH's form, which signs the candidates' commits

	// Unlimited runs git without limits of memory and time where the machine cannot set them: for the demo, on trusted
	// repositories, never for a server.
	Unlimited bool

	Workers    int           // optional: jobs at once
	SweepEvery time.Duration // optional: how often everything open is looked at again
	TickEvery  time.Duration // optional: how often lanes are told the time
	StopWithin time.Duration // optional: how long a stop waits for running jobs
	Pace       Pace          // optional

	Log *slog.Logger     // optional
	Now func() time.Time // optional: the clock
}

// Pace holds the waits between attempts. The defaults are GitHub's wishes; tests shorten them.
type Pace struct {
	Retry    time.Duration // after a first failure; it doubles up to RetryMax
	RetryMax time.Duration
	Settle   time.Duration // how long GitHub's replicas may disagree after a change
	Push     time.Duration // how long a push may take to go through after its sender died, or lost the answer
	Limited  time.Duration // after a rate limit that does not say how long
	Absent   time.Duration // how long a pull request may be missing before its notice is dropped
}

// Defaults, where Config leaves a field empty.
const (
	defaultWorkers    = 4
	defaultSweepEvery = 5 * time.Minute
	defaultTickEvery  = 10 * time.Second
	defaultStopWithin = 20 * time.Second
)

func (c Config) withDefaults() Config {
	fill(&c.Workers, defaultWorkers)
	fill(&c.SweepEvery, defaultSweepEvery)
	fill(&c.TickEvery, defaultTickEvery)
	fill(&c.StopWithin, defaultStopWithin)
	fill(&c.Pace.Retry, time.Second)
	fill(&c.Pace.RetryMax, 5*time.Minute)
	fill(&c.Pace.Settle, 2*time.Second)
	fill(&c.Pace.Push, 2*time.Minute)
	fill(&c.Pace.Limited, time.Minute)
	fill(&c.Pace.Absent, 10*time.Minute)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// fill sets an empty field to its default.
func fill[T comparable](field *T, value T) {
	var empty T
	if *field == empty {
		*field = value
	}
}

// problems lists every reason why the App cannot start.
func (c Config) problems() error {
	var all []error
	need := func(missing bool, what string) {
		if missing {
			all = append(all, errors.New(what))
		}
	}
	need(c.GitHubURL == "", "GitHub's address is missing: give --github-url")
	need(c.AppID <= 0, "the App's id is missing: give --app-id, the number on the App's settings page")
	need(len(c.PrivateKey) == 0, "the App's private key is missing: give --private-key, the .pem file from the App's settings page")
	need(c.WebhookSecret == "", "the webhook secret is missing: give --webhook-secret-file; without a secret anyone could send deliveries")
	need(c.Database == "", "the database is missing: give --database, a file's path or postgres://…")
	need(c.Mirrors == "", "the folder for mirrors is missing: give --mirrors")
	return errors.Join(all...)
}

func (c Config) gitHub(m *metrics) gh.Options {
	return gh.Options{
		URL: c.GitHubURL, AppID: c.AppID, PrivateKey: c.PrivateKey,
		Now: c.Now, MinWait: c.Pace.Limited, Observe: m.request,
	}
}

func (c Config) store() store.Options {
	return store.Options{
		Log: c.Log, Now: c.Now, Workers: c.Workers, StopTimeout: c.StopWithin,
		BackoffBase: c.Pace.Retry, BackoffMax: c.Pace.RetryMax,
	}
}

func (c Config) git() git.Options {
	return git.Options{Root: c.Mirrors, Log: c.Log, AllowHTTP: true, AllowUnlimited: c.Unlimited}
}
