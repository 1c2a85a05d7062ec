package connect

import (
	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/github"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/nginx"
	"github.com/bluegreen-actions/bluegreen/internal/postgres"
	"github.com/bluegreen-actions/bluegreen/internal/prometheus"
	"github.com/bluegreen-actions/bluegreen/internal/redis"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Balancer opens the load balancer, and what makes a slot its default.
func Balancer(job *action.Job) (traffic.Balancer, traffic.Settler, error) {
	s, err := Switch(job)
	if err != nil {
		return traffic.Balancer{}, nil, err
	}
	return s.Balancer(), s, nil
}

// Switch opens nginx.
func Switch(job *action.Job) (*nginx.Switch, error) {
	return nginx.New(job.Config.Router.Nginx, job.Config.Shift.Weights())
}

// Leases opens the store of the lease: Redis where the application has one,
// else the folder beside the load balancer.
func Leases(job *action.Job) (traffic.Leases, error) {
	if job.Config.Queue.URL != "" {
		client, err := redis.Open(job.Config.Queue.URL)
		if err != nil {
			return nil, err
		}
		return client.Lease(job.Config.Application), nil
	}
	s, err := Switch(job)
	if err != nil {
		return nil, err
	}
	return s.Leases(traffic.LeaseExpiry), nil
}

// Gates opens the metrics and the rules that are measured on them.
func Gates(job *action.Job) (*gate.Watch, error) {
	server, err := prometheus.New(job.Config.Prometheus)
	if err != nil {
		return nil, err
	}
	return gate.New(job.Config.Gates, server, Pace(job))
}

// Pace is how often there is something new to measure, and how often it is
// measured.
func Pace(job *action.Job) gate.Pace {
	return gate.Pace{Scrape: job.Config.Prometheus.ScrapeInterval, Tick: job.Config.Shift.Tick}
}

// Database opens the database, and what takes its backup.
func Database(s migration.Settings, progress func(migration.Event)) (migration.Systems, error) {
	if s.URL == "" {
		return migration.Systems{Progress: progress}, nil
	}
	db, err := postgres.New(s)
	if err != nil {
		return migration.Systems{}, err
	}
	return migration.Systems{Database: db, Dumper: db, Progress: progress}, nil
}

// GitHub opens the API of the repository that the job runs in.
func GitHub(job *action.Job) (*github.Repository, error) {
	return github.New(job.Runner.APIURL, job.Token, job.Runner.Repository)
}
