package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"
)

// commitTimeout bounds one transaction of the store's own.
const commitTimeout = 10 * time.Second

// Largest batch that one transaction takes.
const (
	maxBatchRequests = 128
	maxBatchRows     = 2000
)

// Receive stores the delivery, its notices, its pushers and a job for every
// mailbox that gets a notice, in one transaction that is synced to disk before
// Receive returns nil. After an error the delivery may or may not be stored:
// let GitHub deliver it again.
//
// A delivery without notices is recorded too. A GUID that is known already is
// counted, and its notices are given again, which costs one more look.
func (db *DB) Receive(ctx context.Context, d Delivery, notices []Notice, pushers []Push) error {
	if d.GUID == "" || clean(d.GUID, maxName) != d.GUID {
		return fmt.Errorf("receive delivery: %q is no usable delivery id", clean(d.GUID, maxName))
	}
	if d.ReceivedAt.IsZero() {
		d.ReceivedAt = db.o.Now()
	}
	r := &request{
		delivery: &received{guid: d.GUID, event: clean(d.Event, maxName), sha256: digest(d.Body), size: len(d.Body), at: micros(d.ReceivedAt), times: 1},
		notices:  make([]Notice, 0, len(notices)),
	}
	for _, n := range notices {
		n.Delivery = d.GUID
		r.notices = append(r.notices, n.cleaned())
	}
	for _, p := range pushers {
		if p.At.IsZero() {
			p.At = d.ReceivedAt
		}
		if p.storable() {
			p.Login = clean(p.Login, maxName)
			r.pushers = append(r.pushers, p)
		}
	}
	if err := db.commit(ctx, r); err != nil {
		return fmt.Errorf("store delivery %s: %w", d.GUID, err)
	}
	return nil
}

// Notify puts notices into their mailboxes as Receive does, without a delivery.
func (db *DB) Notify(ctx context.Context, notices ...Notice) error {
	if len(notices) == 0 {
		return nil
	}
	r := &request{notices: make([]Notice, 0, len(notices))}
	for _, n := range notices {
		r.notices = append(r.notices, n.cleaned())
	}
	if err := db.commit(ctx, r); err != nil {
		return fmt.Errorf("store %d notices: %w", len(notices), err)
	}
	return nil
}

// received is a delivery as it is stored.
type received struct {
	guid, event, sha256 string
	size                int
	at, times           int64
}

// request is what one call wants committed.
type request struct {
	delivery *received
	notices  []Notice
	pushers  []Push
	done     chan struct{}
	err      error // valid after done is closed
}

func (r *request) rows() int { return 1 + len(r.notices) + len(r.pushers) }

// commits gathers concurrent requests into shared transactions: whoever gets
// the turn commits everything that waits, so 64 callers pay for one sync to
// disk. It needs no goroutine of its own.
type commits struct {
	turn    chan struct{} // holds one token while a batch is committed
	queue   waitingQueue
	batches int64 // guarded by turn
}

func (db *DB) commit(ctx context.Context, r *request) error {
	r.done = make(chan struct{})
	c := &db.receiving
	c.queue.push(r)
	for {
		select {
		case <-r.done:
			return r.err
		case <-ctx.Done():
			return ctx.Err()
		case c.turn <- struct{}{}:
			db.commitWaiting(ctx)
			<-c.turn
		}
	}
}

// commitWaiting commits the next batch. A batch that fails is tried one by one,
// so that a request the database refuses takes no other down with it. The
// caller's context does not end it: others wait for the outcome.
func (db *DB) commitWaiting(ctx context.Context) {
	batch := db.receiving.queue.take()
	if len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	db.receiving.batches++
	err := db.commitBatch(ctx, batch)
	for _, r := range batch {
		if err != nil && len(batch) > 1 {
			r.err = db.commitBatch(ctx, []*request{r})
		} else {
			r.err = err
		}
		close(r.done)
	}
}

func (db *DB) commitBatch(ctx context.Context, batch []*request) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		for _, put := range []func(context.Context, *sql.Tx, []*request) error{db.putDeliveries, db.putPushers, db.putNotices} {
			if err := put(ctx, tx, batch); err != nil {
				return err
			}
		}
		return nil
	})
}

// Rows of every table are written in the order of their keys, so that two
// processes can never wait for each other in a circle.

func (db *DB) putDeliveries(ctx context.Context, tx *sql.Tx, batch []*request) error {
	byGUID := map[string]*received{}
	for _, r := range batch {
		if d := r.delivery; d == nil {
			continue
		} else if known, ok := byGUID[d.guid]; ok {
			known.times++
		} else {
			first := *d
			byGUID[d.guid] = &first
		}
	}
	in := inserter{table: "deliveries", columns: []string{"guid", "event", "sha256", "size", "received_at", "times"},
		suffix: `ON CONFLICT (guid) DO UPDATE SET times = deliveries.times + excluded.times`}
	for _, guid := range sortedKeys(byGUID) {
		d := byGUID[guid]
		in.add(d.guid, d.event, d.sha256, d.size, d.at, d.times)
	}
	return in.exec(ctx, db, tx)
}

func (db *DB) putNotices(ctx context.Context, tx *sql.Tx, batch []*request) error {
	byKey := map[Key][]Notice{}
	for _, r := range batch {
		for _, n := range r.notices {
			k := Key{Repo: n.Repo, PR: n.PR}
			byKey[k] = append(byKey[k], n)
		}
	}
	if len(byKey) == 0 {
		return nil
	}
	boxes, err := db.lockMailboxes(ctx, tx, byKey)
	if err != nil {
		return err
	}
	now := db.now()
	in := inserter{table: "notices", columns: []string{"repo", "pr", "installation", "full_name", "reason", "ref", "sha", "comment", "delivery", "received_at"}}
	var idle []Key
	for _, box := range boxes {
		for _, n := range byKey[box.key] {
			in.add(n.Repo, n.PR, n.Installation, n.FullName, n.Reason, n.Ref, n.SHA, n.Comment, n.Delivery, now)
		}
		if box.jobID == 0 && box.retryAt == 0 {
			idle = append(idle, box.key)
		}
	}
	if err := in.exec(ctx, db, tx); err != nil {
		return err
	}
	return db.insertJobs(ctx, tx, idle)
}

func compareKeys(a, b Key) int {
	return cmp.Or(cmp.Compare(a.Repo, b.Repo), cmp.Compare(a.PR, b.PR))
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
