package preflight

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// The probes of a release, by what they look at. Who wires them supplies the
// look; the name, the items of the plan and the remedy are here. A probe that
// lists no item is needed for a release, but shows none of the plan's by itself.

// Database looks whether the database lets the release in, and its version.
func Database(look Look) Probe {
	return Probe{Name: "database", Evidence: []string{"A.4.4"}, Remedy: "check DATABASE_URL and that the database can be reached from this runner", Look: look}
}

// Redis looks whether Redis lets the release in, and its version.
func Redis(look Look) Probe {
	return Probe{Name: "redis", Evidence: []string{"A.4.4"}, Remedy: "check REDIS_URL and that Redis can be reached from this runner", Look: look}
}

// Registry looks whether the registry accepts the credentials.
func Registry(look Look) Probe {
	return Probe{Name: "registry", Evidence: []string{"A.4.4"}, Remedy: "check the registry's address and credentials", Look: look}
}

// SMTP looks whether the mail server accepts the credentials.
func SMTP(look Look) Probe {
	return Probe{Name: "smtp", Evidence: []string{"A.4.4"}, Remedy: "check the mail server's address and credentials", Look: look}
}

// Engine looks whether the docker engine of a slot answers, its version and its
// free disk space.
func Engine(slot release.Slot, look Look) Probe {
	return Probe{
		Name: fmt.Sprintf("docker of %s", slot), Evidence: []string{"A.4.1"},
		Remedy: fmt.Sprintf("check the docker host of %s, or free disk space on it", slot), Look: look,
	}
}

// composeTime is for docker-compose, which is started several times: version 1 needs a
// second each time, and much more on a busy machine.
const composeTime = 2 * time.Minute

// Compose looks for docker compose and its version.
func Compose(look Look) Probe {
	return Probe{Name: "compose", Remedy: "install docker compose on this runner, and correct the compose files that slots names", Timeout: composeTime, Look: look}
}

// Balancer looks whether the balancer answers, can be read, and could be
// switched: by a dry switch that moves no traffic.
func Balancer(look Look) Probe {
	return Probe{Name: "balancer", Evidence: []string{"A.4.6"}, Remedy: "check the router's settings and that it can be reached from this runner", Look: look}
}

// IdleSlot looks whether the slot that the release goes to has no traffic.
func IdleSlot(look Look) Probe {
	return Probe{Name: "idle slot", Evidence: []string{"A.4.6"}, Remedy: "finish or roll back the release that has traffic there", Look: look}
}

// GoodSlot looks whether the slot to go back to is healthy.
func GoodSlot(look Look) Probe {
	return Probe{Name: "good slot", Remedy: "repair the live slot first: a release must have somewhere to go back to", Look: look}
}

// Prometheus looks whether Prometheus answers and scrapes both slots.
func Prometheus(look Look) Probe {
	return Probe{Name: "prometheus", Evidence: []string{"6.1.30"}, Remedy: "add both slots' targets to Prometheus, and see that they are up", Look: look}
}

// Scraped looks whether the slots answer with the metrics that the rules are
// measured on, where no Prometheus scrapes them.
func Scraped(look Look) Probe {
	return Probe{Name: "metrics", Evidence: []string{"6.1.30"}, Remedy: "see that each process listed under scrape answers with its metrics", Look: look}
}

// Samples looks whether the gates will have the requests that they need.
func Samples(look Look) Probe {
	return Probe{
		Name:   "traffic for the gates",
		Remedy: "bake longer, give the first step more weight, set gates.min-samples lower, or send synthetic load; as it is, such a step ends after shift.max-bake with a warning",
		Look:   look,
	}
}

// Repeated looks whether the checks that are asked again while there is traffic
// could be asked.
func Repeated(look Look) Probe {
	return Probe{Name: "repeated checks", Remedy: "give every check of smoke an address to be asked at", Look: look}
}

// Approvals looks whether somebody is asked to approve each step that waits.
func Approvals(look Look) Probe {
	return Probe{Name: "approvals of steps", Remedy: "name the roles in sign-off.roles, with before: step", Look: look}
}

// Length looks whether the shift has the time that it takes.
func Length(look Look) Probe {
	return Probe{Name: "time for the shift", Remedy: "shorten shift.max-bake or shift.approval-timeout, or let a step hold", Look: look}
}

// Items looks whether the plan has the items that the configuration names.
func Items(look Look) Probe {
	return Probe{Name: "items of the plan", Remedy: "correct evidence in sign-off.roles, smoke.checks and gates.rules, and record.not-applicable: ids of the checklist, such as A.1.1, or leave it out", Look: look}
}

// Environment looks whether a GitHub environment is protected as the design of
// a release has it.
func Environment(name string, look Look) Probe {
	return Probe{Name: "environment " + name, Remedy: "set up the environment " + name, Look: look}
}

// Values looks whether the named variables are set and not empty. It says which
// are missing, never what the others hold.
func Values(names []string, lookup func(string) (string, bool)) Probe {
	return Probe{Name: "values", Remedy: "add them to the environment secret BLUEGREEN_ENV or, if they are no secrets, to the variable BLUEGREEN_VARS; or set them on the step", Look: func(context.Context) (string, error) {
		if len(names) == 0 {
			return "", Absent("preflight.values names no variable")
		}
		var unset []string
		for _, name := range names {
			if v, ok := lookup(name); !ok || strings.TrimSpace(v) == "" {
				unset = append(unset, name)
			}
		}
		if len(unset) > 0 {
			return "", fmt.Errorf("not set, or empty: %s", strings.Join(unset, ", "))
		}
		return fmt.Sprintf("%d values are set: %s", len(names), strings.Join(names, ", ")), nil
	}}
}
