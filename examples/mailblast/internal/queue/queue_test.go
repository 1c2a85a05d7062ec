package queue_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/lab"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/queue"
)

func TestMain(m *testing.M) { os.Exit(lab.Run(m)) }

const job = `{"version":1,"type":"email","message_id":"m1"}`

// take gives a worker's hand the one job there is.
func take(t *testing.T, h *queue.Hand) string {
	t.Helper()
	raw, err := h.Take(t.Context(), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func begin(t *testing.T, h *queue.Hand) (queue.Standing, string) {
	t.Helper()
	standing, outcome, err := h.Begin(t.Context(), job, "m1")
	if err != nil {
		t.Fatal(err)
	}
	return standing, outcome
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type desk struct {
	*queue.Queue
	t *testing.T
}

func newDesk(t *testing.T, jobs ...string) desk {
	t.Helper()
	client, name := lab.Keys(t)
	d := desk{queue.New(client, name), t}
	if len(jobs) > 0 {
		must(t, d.Push(t.Context(), "", jobs...))
	}
	return d
}

func (d desk) hand(slot, id string, ttl time.Duration) *queue.Hand {
	d.t.Helper()
	h := d.Hand(slot, id, "", ttl)
	must(d.t, h.Beat(d.t.Context(), queue.Member{}))
	return h
}

func (d desk) want(want queue.Depths) {
	d.t.Helper()
	if got, err := d.Depths(d.t.Context()); err != nil || got != want {
		d.t.Errorf("depths: got %+v %v, want %+v", got, err, want)
	}
}

func TestAJobIsInOnePlaceAtATime(t *testing.T) {
	t.Parallel()
	d := newDesk(t, job)
	h := d.hand("blue", "w1", time.Minute)
	d.want(queue.Depths{Waiting: 1})
	raw := take(t, h)
	d.want(queue.Depths{Processing: 1})
	must(t, h.GiveBack(t.Context(), raw))
	d.want(queue.Depths{Waiting: 1})
	take(t, h)
	must(t, h.Retry(t.Context(), raw, raw, "m1", time.Now().Add(-time.Second)))
	d.want(queue.Depths{Delayed: 1})
	if n, err := h.Promote(t.Context(), time.Now()); n != 1 || err != nil {
		t.Fatalf("promoted %d, %v", n, err)
	}
	take(t, h)
	must(t, h.Park(t.Context(), raw))
	must(t, h.Park(t.Context(), raw)) // the answer of the first got lost
	d.want(queue.Depths{Parked: 1})
}

func TestAnOutcomeIsCountedOnceForTheSlotThatReachedIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t, job)
	dying := d.hand("blue", "w1", 300*time.Millisecond)
	take(t, dying)
	if s, _ := begin(t, dying); s != queue.Go {
		t.Fatalf("standing %s", s)
	}
	must(t, dying.Reached(t.Context(), "m1", "bounced")) // and dies

	heir := d.hand("green", "w2", time.Minute)
	lab.Eventually(t, "the job is taken back", func() bool {
		taken, err := heir.Sweep(t.Context())
		must(t, err)
		return taken["blue:w1"] == 1
	})
	raw := take(t, heir)
	if s, outcome := begin(t, heir); s != queue.Done || outcome != "bounced" {
		t.Fatalf("standing %s, outcome %s", s, outcome)
	}
	for range 2 {
		must(t, heir.Finish(t.Context(), raw, "m1"))
	}
	blue, err := d.Totals(t.Context(), "blue")
	must(t, err)
	green, err := d.Totals(t.Context(), "green")
	must(t, err)
	if blue != (queue.Totals{Bounced: 1}) || green != (queue.Totals{}) {
		t.Errorf("blue %+v, green %+v", blue, green)
	}
	d.want(queue.Depths{})
}

func TestTwoCopiesOfAJobAreNotSentAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t, job, job)
	first, second := d.hand("blue", "w1", time.Minute), d.hand("green", "w2", time.Minute)
	take(t, first)
	take(t, second)
	if s, _ := begin(t, first); s != queue.Go {
		t.Fatalf("first: %s", s)
	}
	if s, _ := begin(t, second); s != queue.Busy {
		t.Fatalf("second: %s", s)
	}
	must(t, second.Retry(t.Context(), job, job, "m1", time.Now()))
	if s, _ := begin(t, second); s != queue.Gone {
		t.Fatalf("second, without the job: %s", s)
	}
	if s, _ := begin(t, first); s != queue.Go {
		t.Errorf("the first lost its claim: %s", s)
	}
}

func TestASweepLeavesTheLivingAlone(t *testing.T) {
	t.Parallel()
	d := newDesk(t, job)
	living := d.hand("blue", "w1", time.Minute)
	take(t, living)
	taken, err := d.hand("green", "w2", time.Minute).Sweep(t.Context())
	if len(taken) != 0 || err != nil {
		t.Errorf("taken back: %v, %v", taken, err)
	}
	d.want(queue.Depths{Processing: 1})
}

func TestAWorkersNextLifeGoesOnWithItsJob(t *testing.T) {
	t.Parallel()
	d := newDesk(t, job)
	take(t, d.hand("blue", "w1", time.Minute)) // killed, and started again at once
	if raw := take(t, d.hand("blue", "w1", time.Minute)); raw != job {
		t.Errorf("took %q", raw)
	}
}

func TestAWorkerIsSeenUntilItLeaves(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	h := d.Hand("blue", "w1", "", time.Minute)
	want := queue.Member{ID: "w1", Version: "v1", Processed: 7, Failed: 1, PerMinute: 5, CPUPercent: 1.5, MemoryMB: 20.25}
	must(t, h.Beat(t.Context(), queue.Member{Version: "v1", Processed: 7, Failed: 1, PerMinute: 5, CPUPercent: 1.5, MemoryMB: 20.25}))
	members, err := d.Members(t.Context(), "blue")
	if err != nil || len(members) != 1 || members[0] != want {
		t.Errorf("%+v, %v", members, err)
	}
	if members, _ := d.Members(t.Context(), "green"); len(members) != 0 {
		t.Errorf("green has %+v", members)
	}
	must(t, h.Leave(t.Context()))
	if alive, err := d.Alive(t.Context(), "blue", "w1"); alive || err != nil {
		t.Errorf("alive %v, %v", alive, err)
	}
}

func TestReadJob(t *testing.T) {
	t.Parallel()
	for why, c := range map[string]struct{ raw, unknown string }{
		"the plan's job":           {`{"version":1,"message_id":"m"}`, ""},
		"fields of a later writer": {`{"version":1,"type":"email","message_id":"m","tone":"kind"}`, ""},
		"a later version":          {`{"version":2,"type":"email","message_id":"m"}`, "email/v2"},
		"no version":               {`{"message_id":"m"}`, "email/v0"},
		"another type":             {`{"version":1,"type":"sms","message_id":"m"}`, "sms/v1"},
		"no message":               {`{"version":1}`, "email/v1"},
		"a type that is no name":   {`{"version":1,"type":"a b","message_id":"m"}`, "unreadable"},
		"no JSON":                  {`version 1`, "unreadable"},
	} {
		_, err := queue.ReadJob(c.raw)
		if c.unknown == "" && err != nil || c.unknown != "" && (err == nil || err.(*queue.UnknownJob).Name != c.unknown) {
			t.Errorf("%s: %v", why, err)
		}
	}
}

func TestAgainKeepsWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	next, err := queue.Again(`{"version":1,"message_id":"m","attempt":2,"tone":{"kind":true}}`)
	if err != nil || !strings.Contains(next, `"tone":{"kind":true}`) || !strings.Contains(next, `"attempt":3`) {
		t.Errorf("%s, %v", next, err)
	}
}

func FuzzReadJob(f *testing.F) {
	f.Add(job)
	f.Add(`{"version":1e9,"message_id":"m"}`)
	f.Fuzz(func(t *testing.T, raw string) {
		j, err := queue.ReadJob(raw)
		if err != nil {
			if _, ok := err.(*queue.UnknownJob); !ok {
				t.Fatalf("error is no *UnknownJob: %v", err)
			}
			return
		}
		next, err := queue.Again(raw)
		if err != nil {
			t.Fatal(err)
		}
		if after, err := queue.ReadJob(next); err != nil || after.MessageID != j.MessageID || after.Attempt != j.Attempt+1 {
			t.Fatalf("%+v became %+v, %v", j, after, err)
		}
	})
}
