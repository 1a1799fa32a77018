package queue

// stale reads the heads of a Build's or Land's members again, as whoever carries it out does: when one has moved or was
// closed, it says so, and does not begin. Sometimes it says that something has changed, and nothing has.
func (w *world) stale(key string, members []Member) bool {
	stale := w.faults && w.chance(3)
	for _, m := range w.lane.Recheck(members) {
		p := w.pull(m.Number)
		if p.head == m.Head && !p.closed {
			continue
		}
		stale = true
		switch {
		case w.faults && w.chance(30): // it is told late, or by a sweep
		case p.closed:
			w.send(Withdrawn{Number: p.number, Reading: w.reading(), Why: "it was closed"})
		default:
			w.send(HeadMoved{Number: p.number, Head: p.head, Reading: w.reading()})
		}
	}
	if stale {
		w.send(Refused{Key: key, Stale: true, Final: w.chance(10), Why: "something has changed"})
	}
	return stale
}

// unhurt holds that what was not begun stops nothing.
func (w *world) unhurt(e Event, before Lane) {
	if r, is := e.(Refused); is && r.Stale && (before.Paused != w.lane.Paused || before.Frozen != w.lane.Frozen) {
		w.fail("%s was not begun, and the lane stops: %s", r.Key, w.lane.stopped())
	}
}
