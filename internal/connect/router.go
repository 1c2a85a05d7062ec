package connect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/alb"
	"github.com/bluegreen-actions/bluegreen/internal/config"
	"github.com/bluegreen-actions/bluegreen/internal/haproxy"
	"github.com/bluegreen-actions/bluegreen/internal/nginx"
	"github.com/bluegreen-actions/bluegreen/internal/nginx/reload"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// kind is one kind of load balancer that a section can describe.
type kind struct {
	name  string // of the section
	used  func(config.Router) bool
	open  func(*action.Job, config.Router) (traffic.Balancer, error)
	lends bool // it can keep the lease of a shift
}

// kinds is every kind that there is: an adapter is added here, and in
// config.Router.
var kinds = []kind{
	{"nginx", func(r config.Router) bool { return r.Nginx.Used() }, openNginx, true},
	{"nginx-reload", func(r config.Router) bool { return r.NginxReload.Used() }, openNginxReload, true},
	{"haproxy", func(r config.Router) bool { return r.HAProxy.Used() }, openHAProxy, true},
	{"alb", func(r config.Router) bool { return r.ALB.Used() }, openALB, false},
}

func openNginx(job *action.Job, r config.Router) (traffic.Balancer, error) {
	s, err := nginx.New(r.Nginx, job.Config.Shift.Weights())
	if err != nil {
		return traffic.Balancer{}, err
	}
	return s.Balancer(), nil
}

func openNginxReload(_ *action.Job, r config.Router) (traffic.Balancer, error) {
	n, err := reload.New(r.NginxReload)
	if err != nil {
		return traffic.Balancer{}, err
	}
	return n.Balancer(), nil
}

func openHAProxy(_ *action.Job, r config.Router) (traffic.Balancer, error) {
	p, err := haproxy.New(r.HAProxy)
	if err != nil {
		return traffic.Balancer{}, err
	}
	return p.Balancer(), nil
}

func openALB(_ *action.Job, r config.Router) (traffic.Balancer, error) {
	b, err := alb.New(r.ALB)
	if err != nil {
		return traffic.Balancer{}, err
	}
	return b.Balancer(), nil
}

// Balancer opens the load balancer of the configuration, or all of them as one.
// Nobody is asked yet.
func Balancer(job *action.Job) (traffic.Balancer, error) {
	all, err := Balancers(job)
	if err != nil {
		return traffic.Balancer{}, err
	}
	return traffic.Join(all...), nil
}

// Balancers opens each load balancer of the configuration.
func Balancers(job *action.Job) ([]traffic.Balancer, error) {
	all, problems := openAll(job)
	return all, errors.Join(problems...)
}

// openAll opens each. Beside one that could not be opened is the reason.
func openAll(job *action.Job) (all []traffic.Balancer, problems []error) {
	taken := apart{}
	add := func(key, name string, r config.Router) {
		b, err := openRouter(job, key, r)
		switch {
		case err != nil:
			b = unopened(r, err)
		case name != "" && len(all) > 0 && all[0].Name == name:
			err = release.Reject("give it another name, such as that of its host", "%s: the load balancer of router goes by this name", key)
		default:
			err = taken.add(key, r)
		}
		b.Name = cmp.Or(name, b.Name)
		all, problems = append(all, b), append(problems, err)
	}
	if HasRouter(job) || len(job.Config.Routers) == 0 {
		add("router", "", job.Config.Router)
	}
	for _, name := range slices.Sorted(maps.Keys(job.Config.Routers)) {
		add("routers."+name, name, job.Config.Routers[name])
	}
	return all, problems
}

// Rescue opens the load balancers for what must reach as many of them as it can:
// a rollback, a guard, a look. One that cannot be opened is among them, and
// answers everything with the reason. It fails where none can be opened.
func Rescue(job *action.Job) ([]traffic.Balancer, error) {
	all, problems := openAll(job)
	if !slices.Contains(problems, nil) {
		return nil, errors.Join(problems...)
	}
	return all, nil
}

// Balanced says whether the configuration describes a load balancer at all.
func Balanced(job *action.Job) bool { return HasRouter(job) || len(job.Config.Routers) > 0 }

// HasRouter says whether the section router describes a load balancer.
func HasRouter(job *action.Job) bool { return len(usedKinds(job.Config.Router)) > 0 }

func openRouter(job *action.Job, key string, r config.Router) (traffic.Balancer, error) {
	used := usedKinds(r)
	if len(used) != 1 {
		return traffic.Balancer{}, release.Reject("describe one load balancer in "+key+"; further ones belong into routers, by name",
			"%s: want one of %s, have %s", key, list(kinds), list(used))
	}
	b, err := used[0].open(job, r)
	if err != nil {
		return traffic.Balancer{}, fmt.Errorf("%s: %w", key, err)
	}
	return b, nil
}

func usedKinds(r config.Router) []kind {
	return slices.DeleteFunc(slices.Clone(kinds), func(k kind) bool { return !k.used(r) })
}

func list(kinds []kind) string {
	if len(kinds) == 0 {
		return "none"
	}
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return strings.Join(names, ", ")
}

// Try shows that every load balancer could be switched, without moving traffic.
func Try(ctx context.Context, b traffic.Balancer) error {
	if b.Trier == nil {
		return nil
	}
	return b.Trier.Try(ctx)
}

// Assert watches beside what follows a rollback that the traffic stays where it
// was brought, and says what it saw to whoever waits for it.
func Assert(ctx context.Context, b traffic.Balancer, way *traffic.Way) (wait func() (string, error)) {
	if b.Assert == nil || way == nil || way.Write == 0 {
		return func() (string, error) { return "", nil }
	}
	type seen struct {
		text string
		err  error
	}
	done := make(chan seen, 1)
	go func() {
		text, err := b.Assert(ctx, way.Good)
		done <- seen{text, err}
	}()
	return func() (string, error) {
		s := <-done
		return s.text, s.err
	}
}

// Switch opens the nginx of the section router, for what only nginx has.
func Switch(job *action.Job) (*nginx.Switch, error) {
	return nginx.New(job.Config.Router.Nginx, job.Config.Shift.Weights())
}
