package migration

import (
	"context"
	"fmt"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Contracted is what a run did about the contract files.
type Contracted struct {
	Version Version // of their table, at the end
	Files   []Result
	Held    []Held
	Proof   string   // why those that ran could
	Earlier []string // files that an earlier attempt of this release ran
	Notes   []string // what a person should know
}

// contracting is the second half of a run: the contract files. It is a run of its
// own, inside of the turn of the other.
type contracting struct {
	run
	line   Line
	before Version // of the others, before this run
	Contract
}

// contract takes the turn of the contract files, settles what an interrupted run
// has left, and says what is to be done. It changes nothing else.
func (r *run) contract(ctx context.Context, main Pending) (*contracting, error) {
	c := &contracting{line: r.on.Contract, before: main.State.Version}
	if c.line.Database == nil {
		return c, nil
	}
	c.run = run{settings: r.settings.Contracts(), on: r.on, id: r.id, report: Report{}}
	c.on.Database = c.line.Database
	var err error
	if c.files, err = readContract(r.settings); err != nil {
		return c, err
	}
	state, err := c.turn(ctx)
	switch {
	case err != nil:
		return c, err
	case state.Dirty:
		return c, state.stuck(c.files, c.settings.Table)
	}
	c.invalid = state.Invalid
	c.see(state)
	c.Contract, err = c.line.plan(ctx, c.files, state, main)
	return c, err
}

func (c *contracting) close() {
	if c.session != nil {
		c.session.Close()
	}
}

// apply asks again who serves and what is left, since the other files and their
// backfills have taken their time, writes down what waits, and runs what has waited
// long enough.
func (c *contracting) apply(ctx context.Context) error {
	if c.session == nil {
		return nil
	}
	if len(c.Files) > 0 {
		c.ask(ctx, c.line, c.Files, c.before)
	}
	if err := c.session.Hold(ctx, c.Held); err != nil {
		return fmt.Errorf("write down contract migrations that wait: %w", err)
	}
	state, target := c.State, c.State.Version
	for _, m := range c.Files {
		var err error
		if state, err = c.run.apply(ctx, m, state); err != nil {
			return err
		}
		target = m.Version
	}
	return c.verify(ctx, target, state)
}

// into adds what was done to the report of the whole run.
func (c *contracting) into(r *Report) {
	r.Contract = Contracted{Version: c.report.Version, Files: c.report.Files, Held: c.Held, Earlier: c.State.by(c.id), Notes: c.Notes}
	if len(c.Files) > 0 {
		r.Contract.Proof = c.Proof
	}
	r.Schema.Contracted = c.report.Schema.Applied
	if r.Ill == nil {
		r.Ill = c.State.ill(c.id)
	}
}

// contractItems are the items of the plan about what waits for a later release.
var contractItems = []string{"3.1.1c", "3.1.3c", "3.2.r3", "3.2.u3"}

func (r *run) contractEvidence(seen *release.Findings, err error) {
	c := r.report.Contract
	if err != nil {
		r.miss(seen, "the run ended in an error", contractItems...)
		return
	}
	said := c.said()
	if len(said) == 0 {
		r.miss(seen, "no contract migration is pending", contractItems...)
		return
	}
	for _, id := range contractItems {
		seen.Show(id, true, "%s", strings.Join(said, "; "))
	}
}

// said is what became of the contract files, the names first: evidence is short.
func (c Contracted) said() (list []string) {
	if len(c.Earlier) > 0 {
		list = append(list, "an earlier attempt ran "+strings.Join(c.Earlier, ", "))
	}
	var ran []string
	for _, f := range c.Files {
		ran = append(ran, f.File)
	}
	if len(ran) > 0 {
		list = append(list, "ran "+strings.Join(ran, ", ")+": "+c.Proof)
	}
	for _, h := range c.Held {
		list = append(list, h.Up.Name+" waits: "+h.Why)
	}
	return list
}
