package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"
)

// TestTheSigningKeyReachesTheApp holds that the key's file is handed on by its whole name, since git runs elsewhere.
func TestTheSigningKeyReachesTheApp(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if out, err := exec.CommandContext(t.Context(), "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "key").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("AGENTPLANE_PRIVATE_KEY", string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)})))
	t.Setenv("AGENTPLANE_WEBHOOK_SECRET", "0123456789abcdef")
	for why, args := range map[string][]string{"flag": {"--signing-key", "key"}, "variable": nil} {
		t.Run(why, func(t *testing.T) {
			if args == nil {
				t.Setenv("AGENTPLANE_SIGNING_KEY", "key")
			}
			var f serveFlags
			c := &cobra.Command{}
			f.declare(c)
			if err := c.ParseFlags(append(args, "--app-id", "1")); err != nil {
				t.Fatal(err)
			}
			config, err := f.fromEnvironment(c).config(t.Context(), io.Discard)
			if want := filepath.Join(dir, "key"); err != nil || config.SigningKey != want {
				t.Errorf("the App is given the key %q, want %q; %v", config.SigningKey, want, err)
			}
		})
	}
}
