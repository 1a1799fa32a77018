package store

import (
	"context"
	"sync"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riversqlite"
)

// queueName is River's queue for all our jobs.
const queueName = "mailboxes"

// insertTopic and insertPayload are what River's fetcher listens for.
const (
	insertTopic   = "river_insert"
	insertPayload = `{"queue":"` + queueName + `"}`
)

// waker is one bit that many set and one awaits.
type waker struct{ c chan struct{} }

func newWaker() *waker { return &waker{c: make(chan struct{}, 1)} }

func (w *waker) set() {
	select {
	case w.c <- struct{}{}:
	default:
	}
}

// broadcast tells everyone who waits that something happened.
type broadcast struct {
	mu sync.Mutex
	c  chan struct{}
}

func newBroadcast() *broadcast { return &broadcast{c: make(chan struct{})} }

func (b *broadcast) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.c
}

func (b *broadcast) send() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.c)
	b.c = make(chan struct{})
}

// sqliteDriver is River's SQLite driver with notifications that stay in the
// process: a SQLite file has one process anyway, and River's own way polls a
// table every 50 ms and writes a row per notification.
type sqliteDriver struct {
	*riversqlite.Driver
	wake *waker
}

func (d *sqliteDriver) SupportsListener() bool     { return true }
func (d *sqliteDriver) SupportsListenNotify() bool { return false }

func (d *sqliteDriver) GetListener(p *riverdriver.GetListenenerParams) riverdriver.Listener {
	return &listener{schema: p.Schema, wake: d.wake}
}

// listener hands River a notification whenever jobs were committed.
type listener struct {
	schema string
	wake   *waker
}

func (l *listener) Connect(context.Context) error          { return nil }
func (l *listener) Close(context.Context) error            { return nil }
func (l *listener) Ping(context.Context) error             { return nil }
func (l *listener) Listen(context.Context, string) error   { return nil }
func (l *listener) Unlisten(context.Context, string) error { return nil }
func (l *listener) Schema() string                         { return l.schema }
func (l *listener) SetAfterConnectExec(string)             {}

func (l *listener) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.wake.c:
		return &riverdriver.Notification{Topic: insertTopic, Payload: insertPayload}, nil
	}
}
