package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

const serveLong = `Runs the GitHub App: takes webhooks at /api/github/hook, judges pull requests, puts check runs on them. GET /healthz,
/readyz and /metrics (Prometheus) are for operators; keep them from the outside.

Every flag has a variable, AGENTPLANE_ and its name in capitals; a flag wins. Secrets are never flags, because everyone on
the machine can read arguments:

  AGENTPLANE_PRIVATE_KEY      the key's file, or the PEM itself
  AGENTPLANE_WEBHOOK_SECRET   the webhook secret itself, instead of --webhook-secret-file
  AGENTPLANE_DATABASE         a postgres://… address with a password is accepted only here

It listens on loopback unless told otherwise: GitHub must reach it over HTTPS, so a proxy that ends TLS stands before it.
On SIGTERM or SIGINT it takes no further deliveries, finishes running jobs and exits; a second signal ends it at once.
Nothing accepted is lost either way. Logs go to stderr.

Exit status: 0 stopped by a signal, 1 stopped by an error, 2 could not start.`

const serveExample = `  agentplane serve --app-id 12345 --private-key app.pem --webhook-secret-file webhook-secret
  agentplane serve --data /var/lib/agentplane --listen 127.0.0.1:8080 --log-format json
  AGENTPLANE_DATABASE=postgres://agentplane:…@db/agentplane agentplane serve --app-id 12345 …`

// serveFlags are the flags of serve, as they were given.
type serveFlags struct {
	githubURL, privateKey, secretFile string
	signingKey                        string
	database, data, mirrors, listen   string
	logLevel, logFormat               string
	appID                             int64
	workers                           int
	sweepEvery, stopWithin            time.Duration
	argvDatabase                      bool   // --database was an argument, which everyone can read
	envKey, envKeyFile, envSecret     string // secrets from the environment
}

func newServe() *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use:     "serve",
		Short:   "Run the GitHub App",
		Long:    serveLong,
		Example: serveExample,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return serve(c.Context(), c.ErrOrStderr(), f.fromEnvironment(c))
		},
	}
	f.declare(c)
	return c
}

// declare adds the flags. --help names each one's variable.
func (f *serveFlags) declare(c *cobra.Command) {
	set := c.Flags()
	set.StringVar(&f.githubURL, "github-url", "https://github.com", "`URL` of GitHub, or of a GitHub Enterprise Server")
	set.Int64Var(&f.appID, "app-id", 0, "the App's `ID`, from its settings page")
	set.StringVar(&f.privateKey, "private-key", "", "`FILE` with the App's private key, PEM")
	set.StringVar(&f.secretFile, "webhook-secret-file", "", "`FILE` with the webhook secret")
	set.StringVar(&f.signingKey, "signing-key", "", "`FILE` with an Ed25519 private key of OpenSSH, which signs what the merge queue commits")
	set.StringVar(&f.data, "data", ".", "`DIR` for the database and the mirrors")
	set.StringVar(&f.database, "database", "", "a SQLite file, or a postgres:// `ADDRESS` (default: agentplane.db in --data)")
	set.StringVar(&f.mirrors, "mirrors", "", "`DIR` for the repositories' mirrors (default: mirrors in --data)")
	set.StringVar(&f.listen, "listen", "127.0.0.1:8080", "`ADDRESS` to take webhooks at; port 0 takes a free one")
	set.DurationVar(&f.sweepEvery, "sweep-every", 5*time.Minute, "how often everything open is looked at again")
	set.DurationVar(&f.stopWithin, "stop-within", 20*time.Second, "how long a stop waits for running jobs")
	set.IntVar(&f.workers, "workers", 4, "jobs at once")
	set.StringVar(&f.logLevel, "log-level", "info", "debug, info, warn or error")
	set.StringVar(&f.logFormat, "log-format", "text", "text or json")
	for _, name := range serveSettings {
		flag := set.Lookup(name)
		flag.Usage += fmt.Sprintf(" [%s]", variable(name))
	}
	complete(c, "log-level", cobra.FixedCompletions([]string{"debug", "info", "warn", "error"}, cobra.ShellCompDirectiveNoFileComp))
	complete(c, "log-format", cobra.FixedCompletions(twoFormats, cobra.ShellCompDirectiveNoFileComp))
}

// serveSettings are the flags that a variable can stand for.
var serveSettings = []string{
	"github-url", "app-id", "private-key", "webhook-secret-file", "signing-key", "data", "database", "mirrors", "listen",
	"sweep-every", "stop-within", "workers", "log-level", "log-format",
}

// variable is the environment variable of a flag.
func variable(flag string) string {
	return "AGENTPLANE_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// given is what a command line and the environment say, with what could not be read.
type given struct {
	serveFlags
	problems []error
}

// fromEnvironment fills the flags that were not given from their variables. The private key's variable may hold the key
// itself, so it is never handed to code that could repeat it in a message.
func (f *serveFlags) fromEnvironment(c *cobra.Command) *given {
	f.argvDatabase = c.Flags().Changed("database")
	var problems []error
	for _, name := range serveSettings {
		value, ok := os.LookupEnv(variable(name))
		if !ok || value == "" || c.Flags().Changed(name) || name == "private-key" {
			continue
		}
		if err := c.Flags().Set(name, value); err != nil {
			problems = append(problems, fmt.Errorf("%s: %q is not a value of --%s", variable(name), value, name))
		}
	}
	if !c.Flags().Changed("private-key") {
		f.envKey, f.envKeyFile = os.Getenv("AGENTPLANE_PRIVATE_KEY"), os.Getenv("AGENTPLANE_PRIVATE_KEY_FILE")
	}
	if !c.Flags().Changed("webhook-secret-file") {
		f.envSecret = os.Getenv("AGENTPLANE_WEBHOOK_SECRET")
	}
	return &given{serveFlags: *f, problems: problems}
}
