// Package config reads .github/bluegreen.yml and the inputs that stand in for
// it. It is strict: an unknown key, a key written twice, a bad value or a
// variable that is not set is refused, all at once, each with file, line,
// column and the line itself.
package config

import (
	"github.com/bluegreen-actions/bluegreen/internal/alb"
	"github.com/bluegreen-actions/bluegreen/internal/checklist"
	"github.com/bluegreen-actions/bluegreen/internal/cleanup"
	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/haproxy"
	"github.com/bluegreen-actions/bluegreen/internal/image"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/nginx"
	"github.com/bluegreen-actions/bluegreen/internal/nginx/reload"
	"github.com/bluegreen-actions/bluegreen/internal/notify"
	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/prometheus"
	"github.com/bluegreen-actions/bluegreen/internal/queue"
	"github.com/bluegreen-actions/bluegreen/internal/registry"
	"github.com/bluegreen-actions/bluegreen/internal/scrape"
	"github.com/bluegreen-actions/bluegreen/internal/signoff"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
	"github.com/bluegreen-actions/bluegreen/internal/smoke"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// File is the whole configuration. Each section belongs to the package that
// uses it.
type File struct {
	Application string                 `yaml:"application" help:"Name of the application; it is part of the keys of what is kept for it." default:"application"`
	Images      map[string]image.Image `yaml:"images" help:"The images of the application, by name."`
	Registry    registry.Settings      `yaml:"registry" help:"The account for the registry."`
	Slots       slot.Settings          `yaml:"slots" help:"The two slots and how they are deployed to."`
	Router      Router                 `yaml:"router" help:"The load balancer."`
	Routers     map[string]Router      `yaml:"routers" help:"Further load balancers, by name. All move together: forward all or none, backward all at once."`
	Shift       traffic.Settings       `yaml:"shift" help:"The steps of the traffic."`
	Prometheus  prometheus.Settings    `yaml:"prometheus" help:"Where the metrics are."`
	Scrape      scrape.Settings        `yaml:"scrape" help:"Where the metrics are when there is no Prometheus server."`
	Gates       gate.Settings          `yaml:"gates" help:"The rules that a step is held to."`
	Smoke       smoke.Settings         `yaml:"smoke" help:"What the candidate is asked before it gets traffic."`
	Database    migration.Settings     `yaml:"database" help:"The database, its migrations and its backup."`
	Queue       queue.Settings         `yaml:"queue" help:"The queue of jobs."`
	SignOff     signoff.Settings       `yaml:"sign-off" help:"Who signs off, and when."`
	Record      checklist.Settings     `yaml:"record" help:"What the record of a release says."`
	Notify      notify.Settings        `yaml:"notify" help:"Who is told how a release goes."`
	Preflight   preflight.Settings     `yaml:"preflight" help:"What is looked at before anything changes."`
	Cleanup     cleanup.Settings       `yaml:"cleanup" help:"When what a release leaves behind is removed."`
}

// Router is one load balancer in front of the slots. One of its sections is
// used: the one that says something.
type Router struct {
	Nginx       nginx.Settings   `yaml:"nginx" help:"An nginx that is switched by marker files."`
	NginxReload reload.Settings  `yaml:"nginx-reload" help:"An nginx whose configuration is somebody else's: one generated file is included, and nginx is reloaded at each move."`
	HAProxy     haproxy.Settings `yaml:"haproxy" help:"A HAProxy that is moved through its runtime API."`
	ALB         alb.Settings     `yaml:"alb" help:"An AWS Application Load Balancer whose weights are moved."`
}
