package ownership

import (
	"flag"
	"os"
	"testing"
)

// TestMain gives the random properties one seed, so that every run is the same; -rapid.seed gives another, and with
// AGENTPLANE_LONG=1 each run draws its own.
func TestMain(m *testing.M) {
	if os.Getenv("AGENTPLANE_LONG") == "" {
		if err := flag.Set("rapid.seed", "20261126"); err != nil {
			panic(err)
		}
	}
	m.Run()
}
