package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/sourcegraph/conc"
)

// progress tells on a terminal what is being done, once it takes long enough to wonder, and wipes that away at the end.
// Where it is wanted and there is no terminal, each step is a line.
type progress struct {
	w        io.Writer
	on, live bool
	work     conc.WaitGroup
	done     chan struct{}
	ended    bool

	mu   sync.Mutex
	step string
}

// patience is how long nothing is shown.
const patience = 400 * time.Millisecond

func newProgress(w io.Writer, on bool) *progress {
	p := &progress{w: w, on: on, live: on && isTerminal(w), done: make(chan struct{})}
	if p.live {
		p.work.Go(p.show)
	}
	return p
}

// say names the step that begins.
func (p *progress) say(step string) {
	p.mu.Lock()
	p.step = step
	p.mu.Unlock()
	if p.on && !p.live {
		warn(p.w, "%s", step)
	}
}

// stop ends the display. It may be called twice, from one goroutine.
func (p *progress) stop() {
	if !p.ended {
		p.ended = true
		close(p.done)
		p.work.Wait()
	}
}

// show draws the current step and how long all has taken, until stop.
func (p *progress) show() {
	start := time.Now()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	drawn := false
	for {
		select {
		case <-p.done:
			if drawn {
				fmt.Fprint(p.w, "\r\x1b[K")
			}
			return
		case now := <-tick.C:
			if now.Sub(start) < patience {
				continue
			}
			drawn = true
			p.mu.Lock()
			step := p.step
			p.mu.Unlock()
			fmt.Fprintf(p.w, "\r\x1b[K%s … %.1f s", visible(step), now.Sub(start).Seconds())
		}
	}
}
