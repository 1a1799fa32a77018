package main

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/agentplane/agentplane/app"
	"github.com/agentplane/agentplane/git"
)

// maxSecretFile bounds the files of secrets, in bytes.
const maxSecretFile = 64 << 10

// problem notes one reason why the server cannot start.
func (g *given) problem(format string, args ...any) {
	g.problems = append(g.problems, fmt.Errorf(format, args...))
}

// config makes the App's configuration and the log, or one error with every problem.
func (g *given) config(ctx context.Context, log io.Writer) (app.Config, error) {
	c := app.Config{
		GitHubURL: g.githubURL, AppID: g.appID, Database: g.database, Mirrors: g.mirrors,
		Workers: g.workers, SweepEvery: g.sweepEvery, StopWithin: g.stopWithin,
	}
	if c.Database == "" {
		c.Database = filepath.Join(g.data, "agentplane.db")
	}
	if c.Mirrors == "" {
		c.Mirrors = filepath.Join(g.data, "mirrors")
	}
	g.checkAddresses()
	g.checkNumbers()
	c.PrivateKey = g.readKey()
	c.WebhookSecret = g.readSecret()
	c.SigningKey = g.checkSigningKey(ctx)
	c.Log = g.logger(log)
	if _, _, err := git.CheckVersion(ctx); err != nil {
		g.problem("%w", err)
	}
	switch len(g.problems) {
	case 0:
		return c, nil
	case 1:
		return c, advise(fmt.Errorf("cannot start: %w", g.problems[0]), "see agentplane serve --help")
	}
	text := fmt.Sprintf("cannot start, %d things are wrong:", len(g.problems))
	for _, p := range g.problems {
		text += "\n- " + p.Error()
	}
	return c, advise(errors.New(text), "see agentplane serve --help")
}

// checkAddresses looks at GitHub's address, the database's and our own.
func (g *given) checkAddresses() {
	u, err := url.Parse(g.githubURL)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		g.problem("--github-url is not an address such as https://github.com")
	}
	if g.argvDatabase && hasPassword(g.database) {
		g.problem("--database holds a password, and everyone on the machine can read arguments: put the address into AGENTPLANE_DATABASE")
	}
	_, port, err := net.SplitHostPort(g.listen)
	if n, e := strconv.ParseUint(port, 10, 16); err != nil || e != nil || n > 65535 {
		g.problem("--listen %q is not an address such as 127.0.0.1:8080", g.listen)
	}
}

// hasPassword tells whether a database's address carries one, in either of the forms that PostgreSQL reads. What cannot
// be read but looks as if is taken for one.
func hasPassword(address string) bool {
	if !strings.HasPrefix(address, "postgres:") && !strings.HasPrefix(address, "postgresql:") {
		return false
	}
	u, err := url.Parse(address)
	if err != nil {
		return strings.Contains(address, "@")
	}
	_, set := u.User.Password()
	return set || u.Query().Has("password")
}

func (g *given) checkNumbers() {
	if g.appID <= 0 {
		g.problem("the App's id is missing: give --app-id, the number on the App's settings page")
	}
	if g.workers < 1 || g.workers > 256 {
		g.problem("--workers %d is not between 1 and 256", g.workers)
	}
	if g.sweepEvery <= 0 {
		g.problem("--sweep-every %s is not a time such as 5m", g.sweepEvery)
	}
	if g.stopWithin <= 0 {
		g.problem("--stop-within %s is not a time such as 20s", g.stopWithin)
	}
}

// readKey reads the App's private key. No message repeats any of it, nor a variable's value, which may be a broken key.
func (g *given) readKey() []byte {
	file, from := g.privateKey, "--private-key"
	switch {
	case file != "":
	case g.envKey != "" && g.envKeyFile != "":
		g.problem("AGENTPLANE_PRIVATE_KEY and AGENTPLANE_PRIVATE_KEY_FILE are both set: keep one")
		return nil
	case strings.Contains(g.envKey, "-----BEGIN"):
		// Files of variables hold no line ends; people write them as \n.
		return g.checkKey([]byte(strings.ReplaceAll(g.envKey, `\n`, "\n")), "AGENTPLANE_PRIVATE_KEY")
	case g.envKey != "":
		key, err := readUpTo(g.envKey, maxSecretFile)
		if err != nil {
			g.problem("AGENTPLANE_PRIVATE_KEY holds neither a PEM nor the name of a file that can be read")
			return nil
		}
		return g.checkKey(key, "AGENTPLANE_PRIVATE_KEY")
	case g.envKeyFile != "":
		file, from = g.envKeyFile, "AGENTPLANE_PRIVATE_KEY_FILE"
	default:
		g.problem("the App's private key is missing: give --private-key, the .pem file from the App's settings page")
		return nil
	}
	key, err := readUpTo(file, maxSecretFile)
	if err != nil {
		g.problem("%s: %w", from, err)
		return nil
	}
	return g.checkKey(key, from)
}

// checkKey refuses what is no RSA key, which is what GitHub gives out.
func (g *given) checkKey(text []byte, from string) []byte {
	block, _ := pem.Decode(text)
	if block == nil {
		g.problem("%s: that is no PEM; give the .pem file from the App's settings page", from)
		return nil
	}
	if _, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return text
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		if _, ok := key.(*rsa.PrivateKey); ok {
			return text
		}
	}
	g.problem("%s: that is no RSA private key; give the .pem file from the App's settings page", from)
	return nil
}

// checkSigningKey refuses a key that could not sign. git is run in other folders, so its name becomes a whole one.
func (g *given) checkSigningKey(ctx context.Context) string {
	if g.signingKey == "" {
		return ""
	}
	file, err := filepath.Abs(g.signingKey)
	if err == nil {
		err = git.CheckSigningKey(ctx, file)
	}
	if err != nil {
		g.problem("--signing-key: %w", err)
	}
	return file
}

// readSecret reads the webhook secret, without the line end that editors add. An empty one would let everyone in.
func (g *given) readSecret() string {
	secret, from := g.envSecret, "AGENTPLANE_WEBHOOK_SECRET"
	switch {
	case g.secretFile != "" && secret != "":
		g.problem("AGENTPLANE_WEBHOOK_SECRET and a webhook secret file are both given: keep one")
		return ""
	case g.secretFile != "":
		text, err := readUpTo(g.secretFile, maxSecretFile)
		if err != nil {
			g.problem("the webhook secret: %w", err)
			return ""
		}
		secret, from = strings.TrimRight(string(text), "\r\n"), "the webhook secret file"
	case secret == "":
		g.problem("the webhook secret is missing: give --webhook-secret-file; without a secret anyone could send deliveries")
		return ""
	}
	if strings.TrimSpace(secret) == "" {
		g.problem("%s is empty; without a secret anyone could send deliveries", from)
	}
	return secret
}

// logger makes the log that level and format ask for.
func (g *given) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(g.logLevel)); err != nil {
		g.problem("--log-level %q is not debug, info, warn or error", g.logLevel)
	}
	o := &slog.HandlerOptions{Level: level}
	switch g.logFormat {
	case "json":
		return slog.New(slog.NewJSONHandler(w, o))
	case "text":
	default:
		g.problem("--log-format %q is not text or json", g.logFormat)
	}
	return slog.New(slog.NewTextHandler(w, o))
}
