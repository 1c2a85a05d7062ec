package connect

import (
	"cmp"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/github"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/postgres"
	"github.com/bluegreen-actions/bluegreen/internal/redis"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Leases opens the store of the lease: Redis where the application has one, else
// its database, else the folder beside the load balancer.
func Leases(job *action.Job) (traffic.Leases, error) {
	if job.Config.Queue.URL != "" {
		client, err := redis.Open(job.Config.Queue.URL)
		if err != nil {
			return nil, err
		}
		return client.Lease(job.Config.Application), nil
	}
	if job.Config.Database.URL != "" {
		db, err := postgres.New(job.Config.Database)
		if err != nil {
			return nil, err
		}
		return db.Lease(job.Config.Application), nil
	}
	all, err := Rescue(job)
	if err != nil {
		return nil, err
	}
	balancer := traffic.Join(all...)
	if balancer.Leases == nil {
		return nil, release.Reject("set queue.url", "the lease of a shift has no store: %s cannot keep it", balancer.Name)
	}
	return balancer.Leases, nil
}

// Database opens the database, what takes its backup, and where that is kept.
func Database(s migration.Settings, progress func(migration.Event)) (migration.Systems, error) {
	if s.URL == "" {
		return migration.Systems{Progress: progress}, nil
	}
	db, err := postgres.New(s)
	if err != nil {
		return migration.Systems{}, err
	}
	on := migration.Systems{Database: db, Dumper: db, Counter: db, Progress: progress}
	return on, keep(s.Backup, db, &on)
}

// GitHub opens the API of the repository that the job runs in.
func GitHub(job *action.Job) (*github.Repository, error) {
	repository, err := github.New(job.Runner.APIURL, job.Token, job.Runner.Repository)
	if err != nil {
		return nil, err
	}
	return repository.For(job.Runner.RunID), nil
}

// Scanners opens the same repository with the token that may read its alerts.
func Scanners(job *action.Job) (*github.Repository, error) {
	token := cmp.Or(job.Config.Preflight.AlertsToken, job.Token)
	return github.New(job.Runner.APIURL, token, job.Runner.Repository)
}
