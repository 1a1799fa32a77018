package sim

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"slices"
	"time"
)

// maxPayload is the largest payload GitHub delivers; larger ones are not sent at all.
const maxPayload = 25 << 20

// Delivery is one attempt to deliver a webhook, as the App's owner sees it.
type Delivery struct {
	ID             int64
	GUID           string // the same for all attempts of one event
	Event, Action  string
	Installation   int64
	Repository     int64
	Redelivery     bool
	DeliveredAt    time.Time
	Duration       time.Duration
	Status         string // "OK", or what went wrong
	StatusCode     int    // 0 when nobody answered
	RequestHeader  http.Header
	Payload        []byte
	ResponseHeader http.Header
	Response       []byte
	app            *App
	url            string
	attempted      bool
	fault          Fault
}

// delivery is an event on its way to one App.
type delivery struct {
	event, action string
	install       *Installation
	repo          *Repo
	body          fields
}

// send queues an event for the App, unless it did not subscribe to it or
// nobody listens. The caller holds the lock; the payload is what the state is now.
func (a *App) send(d delivery) {
	if a.HookURL == "" || !a.subscribed(d.event) {
		return
	}
	suspended := d.install != nil && !d.install.suspended.IsZero()
	if suspended && d.event != "installation" {
		return
	}
	v := &Delivery{ID: a.g.nextID("delivery"), GUID: guid(a.g.secret("guid")), Event: d.event, Action: d.action, app: a, url: a.HookURL}
	if d.install != nil {
		v.Installation = d.install.ID
	}
	if d.repo != nil {
		v.Repository = d.repo.ID
	}
	v.Payload = encode(d.body)
	if len(v.Payload) > maxPayload {
		a.g.log(Event{Kind: "fault", Actor: a.Slug, Text: "sent no " + v.Event + ": its payload is over 25 MB"})
		return
	}
	v.RequestHeader = a.hookHeader(v)
	a.enqueue(v)
}

// enqueue applies the faults that decide whether, how often and when an
// attempt is made.
func (a *App) enqueue(v *Delivery) {
	v.fault = a.g.hookFault(v)
	switch v.fault {
	case FaultLose:
		a.g.log(Event{Kind: "fault", Actor: a.Slug, Text: "lost " + v.Event + " " + v.GUID})
		return
	case FaultRepeat:
		again := *v
		again.ID, again.fault = a.g.nextID("delivery"), FaultNone
		a.push(&again)
	}
	a.push(v)
}

func (a *App) push(v *Delivery) {
	a.queue = append(a.queue, v)
	a.g.pending++
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

func guid(digits string) string {
	return digits[:8] + "-" + digits[8:12] + "-4" + digits[13:16] + "-a" + digits[17:20] + "-" + digits[20:32]
}

// hookHeader has the headers GitHub sends. X-Hub-Signature is the old SHA-1
// one; neither is sent for a hook without a secret.
func (a *App) hookHeader(v *Delivery) http.Header {
	h := http.Header{}
	h.Set("User-Agent", "GitHub-Hookshot/"+a.g.secret("hookshot")[:7])
	h.Set("Accept", "*/*")
	h.Set("Content-Type", "application/json")
	h.Set("X-GitHub-Event", v.Event)
	h.Set("X-GitHub-Delivery", v.GUID)
	h.Set("X-GitHub-Hook-ID", itoa(a.hookID()))
	h.Set("X-GitHub-Hook-Installation-Target-ID", itoa(a.ID))
	h.Set("X-GitHub-Hook-Installation-Target-Type", "integration")
	if a.HookSecret != "" {
		h.Set("X-Hub-Signature", "sha1="+sign(sha1.New, a.HookSecret, v.Payload))
		h.Set("X-Hub-Signature-256", "sha256="+sign(sha256.New, a.HookSecret, v.Payload))
	}
	return h
}

func (a *App) hookID() int64 { return a.ID + 7_000_000 }

// deliverAll is the App's own goroutine: it attempts deliveries one by one
// until Close.
func (a *App) deliverAll() {
	for {
		v, wait := a.next()
		switch {
		case v != nil:
			a.attempt(v)
		case wait > 0:
			pause(a.g.ctx, wait)
		default:
			select {
			case <-a.wake:
			case <-a.g.ctx.Done():
				return
			}
		}
		if a.g.ctx.Err() != nil {
			return
		}
	}
}

// next takes the first delivery of the queue. One to be reordered lets those
// behind it pass first.
func (a *App) next() (*Delivery, time.Duration) {
	a.g.mu.Lock()
	defer a.g.mu.Unlock()
	if len(a.queue) == 0 {
		return nil, 0
	}
	v := a.queue[0]
	a.queue = a.queue[1:]
	switch v.fault {
	case FaultReorder:
		v.fault = FaultNone
		if len(a.queue) == 0 {
			a.later(v) // wait for one to let pass
			return nil, time.Microsecond
		}
		behind := min(len(a.queue), 1+a.g.draw("reorder/"+v.GUID, 4))
		a.queue = slices.Insert(a.queue, behind, v)
		return nil, time.Microsecond
	case FaultDelay:
		v.fault = FaultNone
		a.later(v)
		return nil, time.Microsecond
	}
	return v, 0
}

// later puts a delivery back into the queue after up to Faults.Delay.
func (a *App) later(v *Delivery) {
	longest := max(a.g.faults.Delay, 20*time.Millisecond)
	wait := longest * time.Duration(1+a.g.draw("delay/"+v.GUID, 100)) / 100
	a.g.work.Go(func() {
		pause(a.g.ctx, wait)
		a.g.mu.Lock()
		defer a.g.mu.Unlock()
		a.g.pending--
		a.push(v)
	})
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// attempt delivers once and records the outcome.
func (a *App) attempt(v *Delivery) {
	start := time.Now()
	a.g.mu.Lock()
	v.DeliveredAt = a.g.now()
	a.g.mu.Unlock()
	var code int
	var status string
	var header http.Header
	var body []byte
	if v.fault == FaultFail {
		code, status = http.StatusBadGateway, "failed to connect to host"
	} else {
		code, status, header, body = a.post(v)
	}
	if v.fault == FaultForget && code != 0 {
		code, status, header, body = 0, "timed out", nil, nil
	}
	a.g.mu.Lock()
	v.StatusCode, v.Status, v.ResponseHeader, v.Response = code, status, header, body
	v.Duration, v.attempted = time.Since(start).Round(10*time.Millisecond), true
	a.deliveries = append(a.deliveries, v)
	a.g.pending--
	close(a.g.settled)
	a.g.settled = make(chan struct{})
	a.g.mu.Unlock()
	if a.g.o.Observe != nil {
		a.g.o.Observe(Exchange{Hook: v.Event, Method: http.MethodPost, Path: v.url, RequestHeader: v.RequestHeader,
			RequestBody: v.Payload, Status: code, ResponseHeader: header, ResponseBody: body, Fault: string(v.fault)})
	}
}

// post sends the delivery over HTTP. Redirects are not followed.
func (a *App) post(v *Delivery) (int, string, http.Header, []byte) {
	req, err := http.NewRequestWithContext(a.g.ctx, http.MethodPost, v.url, bytes.NewReader(v.Payload))
	if err != nil {
		return 0, "invalid url", nil, nil
	}
	req.Header = v.RequestHeader.Clone()
	res, err := a.g.client.Do(req)
	if err != nil {
		if os.IsTimeout(err) || errors.Is(err, context.DeadlineExceeded) {
			return 0, "timed out", nil, nil
		}
		return http.StatusBadGateway, "failed to connect to host", nil, nil
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	switch {
	case err != nil:
		return 0, "timed out", nil, nil
	case res.StatusCode >= 200 && res.StatusCode < 300:
		return res.StatusCode, "OK", res.Header, body
	}
	return res.StatusCode, "Invalid HTTP Response: " + itoa(int64(res.StatusCode)), res.Header, body
}

// Deliveries lists the attempts made so far, oldest first.
func (a *App) Deliveries() []Delivery {
	a.g.mu.Lock()
	defer a.g.mu.Unlock()
	out := make([]Delivery, len(a.deliveries))
	for i, v := range a.deliveries {
		out[i] = *v
	}
	return out
}

// Redeliver attempts a delivery again: the same GUID and payload, a new id.
func (a *App) Redeliver(id int64) error {
	a.g.mu.Lock()
	defer a.g.mu.Unlock()
	if !a.redeliver(id) {
		return fmt.Errorf("redeliver %d to %s: there was no such delivery", id, a.Slug)
	}
	return nil
}

func (a *App) redeliver(id int64) bool {
	v := a.delivery(id)
	if v == nil {
		return false
	}
	a.enqueue(&Delivery{ID: a.g.nextID("delivery"), GUID: v.GUID, Event: v.Event, Action: v.Action, Installation: v.Installation,
		Repository: v.Repository, Redelivery: true, RequestHeader: v.RequestHeader, Payload: v.Payload, app: a, url: a.HookURL})
	return true
}

func (a *App) delivery(id int64) *Delivery {
	for _, v := range a.deliveries {
		if v.ID == id {
			return v
		}
	}
	return nil
}

// Drain waits until every delivery that is due was attempted, those included
// that come up meanwhile.
func (g *GitHub) Drain(ctx context.Context) error {
	for {
		g.mu.Lock()
		pending, settled := g.pending, g.settled
		g.mu.Unlock()
		if pending == 0 {
			return nil
		}
		select {
		case <-settled:
		case <-g.ctx.Done():
			return fmt.Errorf("wait for %d webhook deliveries: the simulator was closed", pending)
		case <-ctx.Done():
			return fmt.Errorf("wait for %d webhook deliveries: %w", pending, ctx.Err())
		}
	}
}

// sign is the hexadecimal HMAC of a payload.
func sign(kind func() hash.Hash, secret string, payload []byte) string {
	mac := hmac.New(kind, []byte(secret))
	mac.Write(payload)
	return hex.EncodeToString(mac.Sum(nil))
}
