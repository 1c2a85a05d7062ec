package connect

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/prometheus"
	"github.com/bluegreen-actions/bluegreen/internal/queue"
	"github.com/bluegreen-actions/bluegreen/internal/redis"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
	"github.com/bluegreen-actions/bluegreen/internal/smoke"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// sorts is what the events of containers mean to a shift. What is not here means
// nothing to it.
var sorts = map[slot.Kind]traffic.Sort{
	slot.Died: traffic.Crashed, slot.OutOfMemory: traffic.Crashed, slot.Sick: traffic.Crashed, slot.Missing: traffic.Crashed,
	slot.Stopped: traffic.Noted, slot.Finished: traffic.Noted, slot.Blind: traffic.Blinded, slot.Seen: traffic.Sighted,
}

// Alarms tells what happens to the containers of these slots.
func Alarms(slots ...*slot.Environment) func(context.Context) <-chan traffic.Alarm {
	return func(ctx context.Context) <-chan traffic.Alarm {
		out := make(chan traffic.Alarm)
		var all sync.WaitGroup
		for _, env := range slots {
			all.Go(func() { pass(ctx, env, out) })
		}
		go func() {
			all.Wait()
			close(out)
		}()
		return out
	}
}

func pass(ctx context.Context, env *slot.Environment, out chan<- traffic.Alarm) {
	for event := range env.Vigil(ctx) {
		sort, means := sorts[event.Kind]
		if !means {
			continue
		}
		select {
		case out <- traffic.Alarm{Slot: env.Slot(), Sort: sort, Text: event.Subject() + " " + event.String()}:
		case <-ctx.Done():
		}
	}
}

// Questions is what is asked again while a release has traffic.
type Questions struct {
	Queue *Backlog // nil without one

	critical, public smoke.Settings
	services, live   map[string]string
	server           *prometheus.Server // nil where nothing alerts
}

// Ask prepares the questions, and refuses those that could not be asked.
func Ask(job *action.Job) (*Questions, error) {
	public, err := Public(job)
	if err != nil {
		return nil, err
	}
	q := &Questions{
		critical: job.Config.Smoke.Critical(), public: public,
		services: job.Config.Slots.Of(job.Release.Candidate).Services,
		live:     job.Config.Slots.Of(job.Release.Candidate.Other()).Services,
	}
	if job.Config.Prometheus.URL != "" {
		if q.server, err = prometheus.New(job.Config.Prometheus); err != nil {
			return nil, err
		}
	}
	for _, settings := range []smoke.Settings{q.critical, q.public} {
		if err := settings.Ready(q.services); len(settings.Checks) > 0 && err != nil {
			return nil, err
		}
	}
	if job.Config.Queue.URL == "" {
		return q, nil
	}
	client, err := redis.Open(job.Config.Queue.URL)
	if err != nil {
		return nil, err
	}
	q.Queue = &Backlog{Name: job.Config.Queue.Name, Look: func(ctx context.Context) (queue.Depth, error) {
		return job.Config.Queue.Look(ctx, client)
	}}
	return q, nil
}

// Public is the checks that are asked through the load balancer. It refuses some
// without an address to ask them at.
func Public(job *action.Job) (smoke.Settings, error) {
	door := cmp.Or(job.Config.Smoke.PublicURL, job.Config.Router.Nginx.URL)
	public := job.Config.Smoke.Public(door)
	if door == "" && len(public.Checks) > 0 {
		return public, release.Reject("set smoke.public-url to the address of the load balancer", "smoke.checks has public ones, and no address to ask them at")
	}
	return public, nil
}

// Count is how many of them there are of each kind.
func (q *Questions) Count() (critical, public int) {
	return len(q.critical.Checks), len(q.public.Checks)
}

// Again asks the critical questions of the candidate, and the public ones of the
// load balancer when all the traffic is there.
func (q *Questions) Again(ctx context.Context, at gate.Moment) []traffic.Answer {
	all := answers(ctx, "", q.critical, q.services)
	if slices.ContainsFunc(all, away) && q.connected(ctx) {
		for i := range all {
			all[i].Away = false // the way is there, so it is the candidate
		}
	}
	if at.Weight == 100 {
		all = append(all, answers(ctx, "public ", q.public, nil)...)
	}
	return all
}

func away(a traffic.Answer) bool { return a.Away }

// liveTime bounds the questions to the live slot, which only show that somebody can be asked.
const liveTime = 3 * time.Second

// connected says whether the live slot answers the same questions, be it well or
// not.
func (q *Questions) connected(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, liveTime)
	defer cancel()
	all := answers(ctx, "", q.critical, q.live)
	return slices.ContainsFunc(all, func(a traffic.Answer) bool { return !a.Away })
}

// againTime bounds the questions of one kind at one look.
const againTime = 10 * time.Second

func answers(ctx context.Context, kind string, s smoke.Settings, services map[string]string) []traffic.Answer {
	if len(s.Checks) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, againTime, fmt.Errorf("the checks took longer than %v", againTime))
	defer cancel()
	report, _ := s.Run(ctx, services, new(release.Findings)) // the results have the errors
	var all []traffic.Answer
	for _, r := range report.Results {
		all = append(all, traffic.Answer{Check: kind + r.Check.Name, Err: r.Err, Away: r.Err != nil && r.Status == 0})
	}
	return all
}

// Last is what is known of the release when its last bake is over. The alerts, which
// decide nothing, take no time of the questions that do.
func (q *Questions) Last(ctx context.Context, since time.Time) []traffic.Proof {
	alerts := make(chan traffic.Proof, 1)
	go func() { alerts <- q.alerts(ctx, time.Since(since)) }()
	door := traffic.Proof{What: "the application through the load balancer", Stops: true, Status: release.NotShown,
		Saw: "no check of smoke is public", Evidence: []string{"D.3.f1"}}
	if all := answers(ctx, "public ", q.public, nil); len(all) > 0 {
		door.Status, door.Saw = release.Passed, fmt.Sprintf("%d checks passed", len(all))
		for _, a := range all {
			if a.Err != nil {
				door.Status, door.Saw = release.Failed, a.Check+": "+a.Err.Error()
			}
		}
	}
	all := []traffic.Proof{door, <-alerts}
	if q.Queue != nil {
		all = append(all, q.Queue.Proof())
	}
	return all
}
