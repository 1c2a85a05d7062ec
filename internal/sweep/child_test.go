package sweep_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/github"
	"github.com/bluegreen-actions/bluegreen/internal/nginx"
	"github.com/bluegreen-actions/bluegreen/internal/redis"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// order is what a child process does: one shift of green, or one rollback.
type order struct {
	Nginx       nginx.Settings
	Redis       string
	Application string // part of the lease's key
	Release     release.ID
	Process     string
	Bake        time.Duration
	First       release.Weight // of the steps; 0 for all of them
	Bad         release.Weight // at which the gates say rollback; 0 for never
	Back        bool           // a rollback instead of a shift
	Guard       bool           // or a guard of the shift
	Sick        string         // says no to every health check of a rollback, "both" for each
	Prometheus  string         // is asked by the gates; empty for those that only Bad rules
	GitHub      string         // is asked whether the step to 100 % is approved; empty for no approval
	Patience    time.Duration  // of max-pause and approval-timeout; 0 for an hour
	Kill        int            // the moment of death, by its number; 0 for none
	KillAt      string         // or by its name
	StillAt     string         // the moment at which it stands still, by its name
	Woken       string         // until this file is there
}

// variable carries an order to a child.
const variable = "BLUEGREEN_SWEEP_ORDER"

func TestMain(m *testing.M) {
	text := os.Getenv(variable)
	if text == "" {
		os.Exit(table.check(m.Run()))
	}
	var o order
	err := json.Unmarshal([]byte(text), &o)
	if err == nil {
		err = o.carryOut(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (o order) carryOut(ctx context.Context) error {
	s, err := nginx.New(o.Nginx, weights)
	if err != nil {
		return err
	}
	client, err := redis.Open(release.Secret(o.Redis))
	if err != nil {
		return err
	}
	m := &mortal{kill: o.Kill, at: o.KillAt, still: o.StillAt, woken: o.Woken}
	b := s.Balancer()
	b.Router, b.Ledger = router{b.Router, m}, ledger{b.Ledger, m}
	lease := leases{client.Lease(o.Application), m}
	back := traffic.Rollback{
		Balancer: b, Lease: lease, Release: o.Release, Candidate: release.Green, Observe: counted, Reason: "the sweep",
		Cold: o.Guard || o.Sick != "", Alone: o.Guard, Healthy: o.healthy,
	}
	switch {
	case o.Back:
		_, err := back.Run(ctx)
		return err
	case o.Guard:
		_, err := traffic.Guard{Owner: traffic.Owner{Release: o.Release}, Lease: lease, Appear: time.Minute, Tick: 10 * time.Millisecond, Back: back}.Run(ctx)
		return err
	}
	gates, err := o.gates()
	if err != nil {
		return err
	}
	approvals, err := o.approvals()
	if err != nil {
		return err
	}
	log, err := traffic.Shift{
		Owner: traffic.Owner{Release: o.Release, Process: o.Process}, Candidate: release.Green, Good: &traffic.Good{Slot: release.Blue},
		Settings: o.settings(), Balancer: b, Leases: lease, Gates: gates, Slot: slot{m}, Approvals: approvals,
		Progress: func(e traffic.Event) { fmt.Println(e.Text) },
	}.Run(ctx)
	if log.Outcome == traffic.RolledBack && o.Bad > 0 {
		return nil
	}
	return err
}

func (o order) healthy(_ context.Context, s release.Slot) error {
	if o.Sick == string(s) || o.Sick == "both" {
		return release.Refuse("start it", "it is down")
	}
	return nil
}

// counted is how many requests prove a weight here.
const counted = 200

func (o order) settings() traffic.Settings {
	patience := cmp.Or(o.Patience, time.Hour)
	s := traffic.Settings{Tick: time.Second, MaxPause: patience, OnLowTraffic: traffic.Continue, OnInterrupt: traffic.GoBack, Observe: counted, ApprovalTimeout: patience}
	for _, w := range weights {
		if w < o.First {
			continue
		}
		step := traffic.Step{Weight: w, Bake: o.Bake}
		if w == 100 && o.GitHub != "" {
			step.Approval = "qa"
		}
		s.Steps = append(s.Steps, step)
	}
	return s
}

func (o order) gates() (traffic.Gates, error) {
	if o.Prometheus == "" {
		return verdicts(o.Bad), nil
	}
	return measured(o.Prometheus)
}

func (o order) approvals() (traffic.Approvals, error) {
	if o.GitHub == "" {
		return nil, nil
	}
	hub, err := github.New(o.GitHub, "t", "acme/app")
	return people{hub}, err
}

// verdicts are gates that pass, but at one weight.
type verdicts release.Weight

func (v verdicts) Evaluate(_ context.Context, at gate.Moment) gate.Decision {
	verdict := gate.Pass
	if at.Weight == release.Weight(v) && v > 0 {
		verdict = gate.Rollback
	}
	reading := gate.Reading{Rule: "sweep", Verdict: verdict, Code: gate.OK, Reason: "as ordered"}
	return gate.Decision{Verdict: verdict, Readings: []gate.Reading{reading}, At: time.Now()}
}

// slot is the candidate, which is always as it should be.
type slot struct{ *mortal }

func (slot) Check(context.Context) error { return nil }

func (s slot) StartWorkers(context.Context) error {
	return s.effect("start the workers", func() error { return nil })
}

func (s slot) QuietWorkers(context.Context) error {
	return s.effect("quiet the workers", func() error { return nil })
}

var errNever = errors.New("the process should be dead")
