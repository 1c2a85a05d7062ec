package slot

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// files are compose files that pin what they are told to, but for stubborn ones.
type files struct {
	services map[string]Service
	stubborn bool
}

func (f files) Services(_ context.Context, o Override) (map[string]Service, error) {
	services := maps.Clone(f.services)
	for name, c := range o {
		if s := services[name]; c.Image != "" && !f.stubborn {
			s.Image = c.Image
			services[name] = s
		}
	}
	return services, nil
}

func (files) Up(context.Context, Override, Up) error {
	return errors.New("nothing is to be brought up")
}

func settings() Settings {
	place := Place{Project: "app"}
	return Settings{Blue: place, Green: place, Workers: WorkerSettings{Service: "worker", Start: FirstStep, Grace: time.Second}, Timeout: time.Minute}
}

func pinned(names ...string) Order {
	o := Order{Release: "acme-1", Version: "v1", Commit: "c", Images: map[string]Pin{}}
	for _, name := range names {
		o.Images[name] = Pin{"r/" + name, release.Digest("sha256:" + name)}
	}
	return o
}

func TestAPlanSaysWhatTheSlotHasToLookLike(t *testing.T) {
	t.Parallel()
	s := settings()
	s.Scale = map[string]int{"worker": 3, "debug": 0}
	f := files{services: map[string]Service{
		"backend":   {Image: "r/backend:v0", Replicas: 2, Needs: map[string]string{"prepare": "service_completed_successfully", "cache": "service_started"}},
		"prepare":   {Image: "r/backend:v0", Replicas: 1},
		"scheduler": {Image: "127.0.0.1:5000/other:v0", Replicas: 1},
		"worker":    {Replicas: 1},
		"cache":     {Image: "redis:7", Replicas: 1, Name: "cache"},
		"debug":     {Image: "debug", Replicas: 1},
	}}
	e, err := New(release.Green, s, nil, f, nil)
	if err != nil {
		t.Fatal(err)
	}
	order := pinned("backend", "worker")
	order.Images["cron"] = Pin{"127.0.0.1:5000/other", "sha256:cron"}
	p, err := e.plan(t.Context(), order)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct{ image, role string }{
		"backend":   {"r/backend@sha256:backend", roleHTTP},
		"prepare":   {"r/backend@sha256:backend", roleJob},
		"scheduler": {"127.0.0.1:5000/other@sha256:cron", roleHTTP},
		"worker":    {"r/worker@sha256:worker", roleWorker},
		"cache":     {"", roleHTTP},
	} {
		c := p.override[name]
		if c.Image != want.image || p.roles[name] != want.role || c.Labels[LabelRelease] != "acme-1" || c.Labels[LabelSlot] != "green" {
			t.Errorf("%s: %+v, %s", name, c, p.roles[name])
		}
	}
	if got := p.serving(); got != "backend=2 cache=1 scheduler=1" {
		t.Errorf("serving %q", got)
	}
	if got := strings.Join(p.of(roleWorker), " "); got != "worker" || p.counts["worker"] != 3 {
		t.Errorf("workers %q, %d", got, p.counts["worker"])
	}
}

func TestPlansThatAreRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		files  files
		change func(*Settings)
		want   string
	}{
		"a service that would start the workers": {files{services: map[string]Service{"backend": {Replicas: 1, Needs: map[string]string{"worker": "service_started"}}, "worker": {Replicas: 1}}}, nil, "service backend depends on worker"},
		"a fixed name for two containers":        {files{services: map[string]Service{"backend": {Replicas: 2, Name: "web"}}}, nil, "container_name web"},
		"a scale of what is not there":           {files{services: map[string]Service{"backend": {Replicas: 1}}}, func(s *Settings) { s.Scale = map[string]int{"web": 2} }, "scale names service web"},
		"files that do not take the pin":         {files{map[string]Service{"backend": {Replicas: 1, Image: "r/backend:v0"}}, true}, nil, "service backend would run r/backend:v0"},
		"an image without a service":             {files{services: map[string]Service{"web": {Replicas: 1}}}, nil, "image backend of the release is used by no service"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := settings()
			if tt.change != nil {
				tt.change(&s)
			}
			e, err := New(release.Green, s, nil, tt.files, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := e.plan(t.Context(), pinned("backend")); err == nil || !strings.Contains(err.Error(), tt.want) || release.HintOf(err) == "" {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestSettingsThatAreRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		got  error
		want string
	}{
		"one project for both slots":      {settings().Check(), `project "app"`},
		"a timeout within the settle":     {Settings{Settle: time.Minute, Timeout: time.Minute}.Check(), "timeout 1m0s"},
		"a negative scale":                {Settings{Timeout: 1, Scale: map[string]int{"web": -1}}.Check(), "scale.web -1"},
		"a project in capitals":           {Place{Project: "App"}.Check(), `project "App"`},
		"an address without a scheme":     {Place{Services: map[string]string{"web": "127.0.0.1:80"}}.Check(), `services.web "127.0.0.1:80"`},
		"no time to finish":               {WorkerSettings{}.Check(), "grace 0s"},
		"a pattern that does not compile": {LogSettings{Ignore: []string{"("}}.Check(), `ignore "("`},
		"a start that nobody knows":       {new(Start).UnmarshalText([]byte("later")), `start "later"`},
		"a verdict that nobody knows":     {new(Verdict).UnmarshalText([]byte("shrug")), `verdict "shrug"`},
		"a mode that nobody knows":        {new(Mode).UnmarshalText([]byte("cold")), `mode "cold"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.got == nil || !strings.Contains(tt.got.Error(), tt.want) {
				t.Errorf("got %v", tt.got)
			}
		})
	}
}

// flaky is an engine whose stream of events breaks after each event.
type flaky struct {
	Engine
	opened []time.Time
	events []Event
}

func (f *flaky) Now(context.Context) (time.Time, error) { return time.Unix(100, 0), nil }

func (f *flaky) Events(_ context.Context, _ string, since time.Time) (<-chan Event, func() error) {
	f.opened = append(f.opened, since)
	out := make(chan Event, 1)
	if len(f.events) > 0 {
		out <- f.events[0]
		f.events = f.events[1:]
	}
	close(out)
	return out, func() error { return errors.New("connection lost") }
}

func TestAStreamThatBreaksIsOpenedAgainAndThenGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		engine := &flaky{events: []Event{{At: time.Unix(110, 0), Kind: Began}, {At: time.Unix(120, 0), Kind: Died, ExitCode: 3}}}
		e, err := New(release.Green, settings(), engine, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for event := range e.Watch(t.Context()) {
			got = append(got, event.String())
		}
		if text := strings.Join(got, "|"); text != "started|exited with 3|cannot be watched: connection lost" {
			t.Errorf("got %s", text)
		}
		if len(engine.opened) != 2+reopenTimes || !engine.opened[0].Equal(time.Unix(100, 0)) || !engine.opened[1].After(time.Unix(110, 0)) {
			t.Errorf("opened at %v", engine.opened)
		}
	})
}
