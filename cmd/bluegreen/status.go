package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

var statusPhase = action.New(action.About{
	Name: "status", Summary: "Prints where the traffic is, what both slots run, who may move the traffic, the schema and the queue; changes nothing.",
	Settings: []string{"router", "routers", "slots"},
	Quiet:    []string{"application", "shift", "queue", "database"},
	Needed:   []string{},
	Plain:    true,
}, status)

type statusInputs struct {
	JSON bool `input:"json" default:"false" help:"Print JSON instead of a table."`
}

// status prints what could be seen. What could not is said beside it, and is the
// exit status 3.
func status(ctx context.Context, job *action.Job, in statusInputs) (none, error) {
	s := connect.Look(ctx, job)
	var err error
	if in.JSON {
		err = writeJSON(job.Output, s)
	} else {
		err = job.Show(table(s))
	}
	if problems := s.Problems(); err == nil && len(problems) > 0 {
		err = release.CannotTell("make it answer, or run this where it does", "could not see everything: %s", names(problems))
	}
	return none{}, err
}

// names is the parts that could not be seen; why stands beside each in what was printed.
func names(problems []string) string {
	parts := make([]string, len(problems))
	for i, p := range problems {
		parts[i], _, _ = strings.Cut(p, ": ")
	}
	return strings.Join(parts, ", ")
}

func writeJSON(w io.Writer, s any) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		_, err = fmt.Fprintln(w, string(text))
	}
	return err
}

func table(s connect.Status) *summary.Page {
	var rows list
	line := rows.line
	line("application", s.Application, s.At.Format(time.RFC3339))
	for _, name := range slices.Sorted(maps.Keys(s.Balancers)) {
		line("traffic", told(s.Balancers[name]), name)
	}
	for _, name := range release.Slots {
		slotLines(line, s, name)
	}
	ledgerLines(line, s)
	lease := told(s.Lease)
	if l := s.Lease.Seen; l != nil && l.Age != nil {
		lease += ", its shift began " + l.Age.Round(time.Second).String() + " ago"
	}
	line("lease", lease)
	if schema := s.Schema.Seen; schema != nil {
		line("schema", fmt.Sprintf("version %s%s", schema.Version, map[bool]string{true: ", dirty"}[schema.Dirty]))
	} else {
		line("schema", told(s.Schema))
	}
	line("queue", told(s.Queue))
	if s.Passed != "" {
		line("configuration", strings.SplitN(s.Passed, "\n", 2)[0])
	}
	return rows.page()
}

// list is rows of a table without a header.
type list [][]string

// line adds a row; empty cells at its end are left out.
func (l *list) line(cells ...string) {
	for len(cells) > 0 && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	*l = append(*l, cells)
}

func (l *list) page() *summary.Page {
	page := new(summary.Page)
	page.List(*l)
	return page
}

// told is a part in words.
func told[T any](p connect.Part[T]) string {
	switch {
	case p.Problem != "":
		return "? " + strings.NewReplacer("\n", "; ", "\t", "").Replace(p.Problem)
	case p.Seen == nil:
		return "none is configured"
	}
	return fmt.Sprint(*p.Seen)
}

func slotLines(line func(...string), s connect.Status, name release.Slot) {
	p := s.Slots[name]
	if p.Seen == nil {
		line(string(name), told(p))
		return
	}
	role := roleOf(s, name)
	if len(*p.Seen) == 0 {
		line(string(name), role, "no containers")
	}
	for _, service := range slices.Sorted(maps.Keys(*p.Seen)) {
		c := (*p.Seen)[service]
		line(string(name), role, service, fmt.Sprintf("%d of %d ready", c.Ready, c.Containers), c.Version, string(c.Release), c.Digest.Short())
	}
}

// roleOf is what the load balancers make of a slot.
func roleOf(s connect.Status, name release.Slot) string {
	role := "?"
	for _, p := range s.Balancers {
		if p.Seen == nil {
			continue
		}
		one := map[release.Weight]string{0: "idle", 100: "live"}[p.Seen.Of(name)]
		if one == "" {
			one = p.Seen.Of(name).String()
		}
		if role != "?" && role != one {
			return "split"
		}
		role = one
	}
	return role
}

func ledgerLines(line func(...string), s connect.Status) {
	page := s.Ledger.Seen
	if page == nil {
		line("good slot", told(s.Ledger))
		return
	}
	switch good := page.Good; {
	case good == nil:
		line("good slot", "none: there is no way back")
	case good.Asleep:
		last := "never timed"
		if page.Woke != nil {
			last = page.Woke.String()
		}
		line("good slot", string(good.Slot), string(good.Release), "stopped by choice; the last start: "+last)
	default:
		line("good slot", string(good.Slot), cmp.Or(string(good.Release), "adopted"))
	}
	if shift := page.Shift; shift != nil {
		ended := "not finished"
		switch {
		case shift.Back != nil:
			ended = shift.Back.String()
		case !shift.Finished.IsZero():
			ended = "finished " + shift.Finished.Format(time.RFC3339)
		}
		line("last shift", string(shift.Candidate), string(shift.Release), "began "+shift.Started.Format(time.RFC3339), ended)
		if shift.Paused != nil {
			line("paused", shift.Paused.String())
		}
	}
	for _, slot := range release.Slots {
		switch claim, ok := page.Claims[slot]; {
		case claim.Retires != nil:
			line("claim", string(slot), "is being removed", "since "+claim.At.Format(time.RFC3339), "was "+cmp.Or(string(claim.Retires.Release), "adopted"))
		case ok:
			line("claim", string(slot), string(claim.Release), "since "+claim.At.Format(time.RFC3339), map[bool]string{true: "given back"}[claim.Yielded])
		}
	}
}
