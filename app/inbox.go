package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/palantir/go-githubapp/githubapp"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/store"
)

const (
	maxDelivery = 25 << 20 // GitHub sends nothing larger
	maxInFlight = 200      // deliveries being read at once; more are answered 503, and redelivered
	storeWithin = 8 * time.Second
)

// events is what the App acts on; app.yml subscribes to the same ones.
func events() []string {
	return []string{
		"push", "pull_request", "pull_request_review", "issue_comment", "workflow_run", "check_suite", "check_run", "status",
		"merge_group", "repository", "installation", "installation_repositories",
	}
}

// inbox receives deliveries. It stores a delivery with its jobs in one durable transaction before GitHub gets its 2xx, so
// that what was accepted is never lost; what could not be stored is answered 503, and the redelivery finds it again.
// It implements githubapp.Scheduler, whose own implementations either run handlers inside the request or keep events in
// memory.
type inbox struct {
	db     *store.DB
	forget func(ctx context.Context, repo int64) error // what the App no longer reaches
	log    *slog.Logger
	now    func() time.Time
	met    *metrics
}

// handler is the webhook endpoint.
func (i *inbox) handler(secret string) http.Handler {
	dispatch := githubapp.NewEventDispatcher([]githubapp.EventHandler{stored{}}, secret,
		githubapp.WithScheduler(i), githubapp.WithErrorCallback(i.refused), githubapp.WithResponseCallback(i.accepted))
	slots := make(chan struct{}, maxInFlight)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		default:
			i.answer(w, r, http.StatusServiceUnavailable, "too many deliveries at once")
			return
		}
		if status, why := unfit(r); status != 0 {
			i.answer(w, r, status, why)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxDelivery)
		dispatch.ServeHTTP(w, r)
	})
}

// unfit names what is wrong with a request before its body is read; status 0 when nothing is. A delivery signed with
// SHA-1 only is refused: GitHub sends both signatures, and an attacker would choose the weaker.
func unfit(r *http.Request) (status int, why string) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.Method != http.MethodPost:
		return http.StatusMethodNotAllowed, "deliveries are POSTed"
	case kind != "application/json":
		return http.StatusUnsupportedMediaType, "set the webhook's content type to application/json"
	case r.Header.Get("Content-Encoding") != "":
		return http.StatusUnsupportedMediaType, "deliveries are not compressed"
	case r.ContentLength > maxDelivery:
		return http.StatusRequestEntityTooLarge, "the delivery is larger than 25 MiB"
	case !strings.HasPrefix(r.Header.Get("X-Hub-Signature-256"), "sha256="):
		return http.StatusUnauthorized, "the delivery has no SHA-256 signature: set a webhook secret"
	case !plainWord(r.Header.Get("X-GitHub-Event")) || !plainWord(r.Header.Get("X-GitHub-Delivery")):
		return http.StatusBadRequest, "the delivery does not name its event and id"
	}
	return 0, ""
}

// plainWord accepts event names and GUIDs.
func plainWord(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}

// Schedule implements githubapp.Scheduler: it returns when the delivery and its jobs are on disk.
func (i *inbox) Schedule(ctx context.Context, d githubapp.Dispatch) error {
	reading, err := gh.Read(d.EventType, d.Payload)
	if err != nil {
		i.log.Warn("delivery not understood", "delivery", d.DeliveryID, "event", d.EventType, "error", err)
	}
	now := i.now()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeWithin)
	defer cancel()
	delivery := store.Delivery{GUID: d.DeliveryID, Event: d.EventType, Body: d.Payload, ReceivedAt: now}
	if err := i.db.Receive(ctx, delivery, toNotices(reading.Notices), toPushes(reading.Pushes, now)); err != nil {
		return fmt.Errorf("store delivery %s: %w", d.DeliveryID, err)
	}
	for _, id := range reading.Gone {
		if err := i.forget(ctx, id); err != nil {
			return fmt.Errorf("forget repository %d: %w", id, err)
		}
	}
	return nil
}

func (i *inbox) accepted(w http.ResponseWriter, r *http.Request, event string, handled bool) {
	status := http.StatusAccepted
	if event == "ping" || !handled {
		status = http.StatusOK
	}
	i.answer(w, r, status, "")
}

func (i *inbox) refused(w http.ResponseWriter, r *http.Request, err error) {
	var invalid githubapp.ValidationError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &invalid) && errors.As(invalid.Cause, &large):
		i.answer(w, r, http.StatusRequestEntityTooLarge, "the delivery is larger than 25 MiB")
	case errors.As(err, &invalid):
		i.answer(w, r, http.StatusUnauthorized, "the delivery's signature is wrong: the App's webhook secret and ours differ")
	default:
		i.log.Error("delivery not stored", "delivery", r.Header.Get("X-GitHub-Delivery"), "error", err)
		i.answer(w, r, http.StatusServiceUnavailable, "the delivery could not be stored")
	}
}

func (i *inbox) answer(w http.ResponseWriter, r *http.Request, status int, why string) {
	i.met.delivery(status)
	if status >= 400 && status < 500 {
		i.log.Warn("delivery refused", "status", status, "why", why, "from", r.RemoteAddr)
	}
	if why == "" {
		w.WriteHeader(status)
		return
	}
	http.Error(w, why, status)
}

// stored names the events that the dispatcher accepts. Deliveries are worked from the store, never by the dispatcher.
type stored struct{}

// Handles implements githubapp.EventHandler.
func (stored) Handles() []string { return events() }

// Handle implements githubapp.EventHandler; our Scheduler does not call it.
func (stored) Handle(context.Context, string, string, []byte) error {
	return errors.New("deliveries are handled from the store")
}

func toNotices(list []gh.Notice) []store.Notice {
	notices := make([]store.Notice, 0, len(list))
	for _, n := range list {
		notices = append(notices, store.Notice{
			Installation: n.Installation, Repo: n.Repo, FullName: n.FullName,
			PR: n.PR, Ref: n.Branch, SHA: n.SHA, Comment: n.Comment, Reason: n.Reason,
		})
	}
	return notices
}

func toPushes(list []gh.Push, at time.Time) []store.Push {
	pushes := make([]store.Push, 0, len(list))
	for _, p := range list {
		pushes = append(pushes, store.Push{
			Repo: p.Repo, Ref: "refs/heads/" + p.Branch, SHA: p.SHA, UserID: p.By.ID, Login: p.By.Login, At: at,
		})
	}
	return pushes
}
