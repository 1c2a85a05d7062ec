package main

import (
	"maps"
	"slices"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/config"
)

// described is each load balancer of one kind that the configuration has, in a
// fixed order.
func described[S interface{ Used() bool }](job *action.Job, of func(config.Router) S) []S {
	all := []S{of(job.Config.Router)}
	for _, name := range slices.Sorted(maps.Keys(job.Config.Routers)) {
		all = append(all, of(job.Config.Routers[name]))
	}
	return slices.DeleteFunc(all, func(s S) bool { return !s.Used() })
}
