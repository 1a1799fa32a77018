package main

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
)

const demoLong = `Plays the story of three coding agents on one small blog, on a simulated GitHub in this process: real HTTP, real
webhooks, real git, a CI that runs the blog's own commands; nothing leaves the machine. The search agent trespasses, is
told so by a check run, and mends it. The review agent claims a success that CI did not see. A lockfile waits for a
person of the platform team. The metadata agent renames a field that search filters by: each passes alone, the page
would silently lose its filter, and both are told before anything merges. Then all three are entered into the lane, and
land in the order of the contract, each tested as the very commit that lands. A pair that passes alone and fails together
costs the culprit its place, with the reason; mended, it lands. A person merges what the App offers to main. The exit
status holds every step to the story.

In a terminal the simulated GitHub stays up afterwards, so that you can clone the blog, push as an agent and watch the
verdict. With --once, or when the output is not a terminal, the demo ends with the story. --format json prints one event
a line. Besides git it runs sh, grep and awk, which the blog's own commands are made of.`

const demoExample = `  agentplane demo
  agentplane demo --once --format json | jq -r 'select(.event == "check") | .text'`

// demoOptions are the flags of the demo.
type demoOptions struct {
	once   bool
	listen string
	format string
}

func newDemo() *cobra.Command {
	var o demoOptions
	c := &cobra.Command{
		Use:     "demo",
		Short:   "Play the story of three agents on a simulated GitHub",
		Long:    demoLong + "\n\nExit status: 0 the story ended as told, 1 it did not, 2 it could not be played.",
		Example: demoExample,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := twoFormats.check(c, o.format); err != nil {
				return err
			}
			return runDemo(c.Context(), c.OutOrStdout(), o)
		},
	}
	c.Flags().BoolVar(&o.once, "once", false, "play the story and exit")
	c.Flags().StringVar(&o.listen, "listen", "127.0.0.1:0", "`ADDRESS` of the simulated GitHub; port 0 takes a free one")
	twoFormats.flag(c, &o.format)
	return c
}

func runDemo(ctx context.Context, out io.Writer, o demoOptions) error {
	told, err := loadStory()
	if err != nil {
		return err
	}
	return playStory(ctx, out, told, o)
}

// playStory plays a story, and stays until it is interrupted when a person is watching.
func playStory(ctx context.Context, out io.Writer, told *story, o demoOptions) (err error) {
	stage, err := newStage(ctx, o.listen, told)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stage.close()) }()
	p := &play{stage: stage, tell: newTeller(out, o.format), started: time.Now()}
	if err := p.run(ctx, told); err != nil {
		return err
	}
	if len(p.misses) > 0 {
		return errMissed
	}
	if !o.once && isTerminal(out) {
		return p.stay(ctx)
	}
	return nil
}

// errMissed says that the story was played and ended differently.
var errMissed = errors.New("the story ended differently than told")

func newTeller(out io.Writer, format string) teller {
	if format == "json" {
		return jsonTeller{out: out}
	}
	return &textTeller{out: out, shown: map[string]bool{}}
}

func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
