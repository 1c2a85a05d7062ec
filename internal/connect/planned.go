package connect

import (
	"fmt"
	"maps"
	"slices"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/signoff"
)

// What a plan knows from the configuration alone.

func gates(job *action.Job) ([]string, error) {
	if err := unread(job, "prometheus", "scrape", "gates", "shift"); err != nil {
		return nil, err
	}
	watch, err := Gates(job)
	if err != nil {
		return nil, err
	}
	all := []string{fmt.Sprintf("5xx answers: rollback, %s", job.Config.Gates.FiveXX)}
	for _, rule := range watch.Rules() {
		all = append(all, rule.Name+": "+rule.Limits())
	}
	return all, nil
}

func images(job *action.Job, version release.Version) []string {
	all := []string{}
	for _, name := range slices.Sorted(maps.Keys(job.Config.Images)) {
		ref := job.Config.Images[name].Repository
		if version != "" {
			ref += ":" + string(version)
		}
		all = append(all, name+": "+ref)
	}
	return all
}

func steps(job *action.Job) []string {
	if job.Release.First {
		return []string{"100% at once, since there is no way back"}
	}
	all := []string{}
	for _, s := range job.Config.Shift.Steps {
		text := s.String()
		if s.Approval != "" {
			text += ", when " + s.Approval + " has approved"
		}
		if s.Hold {
			text += ", and then held until the shift is run again"
		}
		all = append(all, text)
	}
	least, most := job.Config.Shift.Length()
	return append(all, fmt.Sprintf("%v to %v in all, without pauses", least, most))
}

func signOffs(job *action.Job) []string {
	all := []string{}
	for _, r := range job.Config.SignOff.All() {
		if r.Before == signoff.Step && job.Release.First {
			continue // it has no step to wait in
		}
		all = append(all, fmt.Sprintf("%s, before %s", r.Name, r.Before))
	}
	return all
}
