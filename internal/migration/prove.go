package migration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// file rehearses one file.
func (r *rehearsing) file(ctx context.Context, a act) error {
	began := time.Now()
	m, before, held := a.Migration, r.shape, r.have
	r.progress(Event{Kind: Rehearsing, What: m.Up.Name})
	on, err := r.on(ctx, a)
	if err != nil {
		return err
	}
	trace, err := on.Up(ctx, a.Step)
	if err != nil {
		return refusedUp(a.Step, err)
	}
	if err := errors.Join(r.behind(ctx, a, trace), r.look(ctx)); err != nil {
		return err
	}
	done := Rehearsed{Version: m.Version, File: m.Up.Name, Path: m.Up.Path, Contract: a.contract, Up: trace, Additive: r.shape.additive(before),
		Lost: r.have.lost(held, false)}
	proof := Proof{Version: m.Version, Up: m.Up.SHA256, Data: r.from.Data, At: time.Now().UTC().Truncate(time.Second)}
	if m.Down == nil {
		proof.Difference = m.WayBack()
	} else {
		proof.Down = m.Down.SHA256
		if err := r.back(ctx, on, a, &done, &proof, before, held); err != nil {
			return err
		}
	}
	if loss := m.Up.Script.loss(); !r.from.Data && loss != "" {
		proof.Lost = append(proof.Lost, loss+"; there were no rows to count")
	}
	r.report.Files, r.report.Proofs = append(r.report.Files, done), append(r.report.Proofs, proof)
	r.progress(Event{Kind: FileRehearsed, What: m.Up.Name, Took: time.Since(began)})
	return nil
}

func (r *rehearsing) look(ctx context.Context) (err error) {
	r.shape, err = r.scratch.Shape(ctx)
	return err
}

// back goes down and up again. It leaves the scratch database as up had left it,
// or closed.
func (r *rehearsing) back(ctx context.Context, on Scratch, a act, done *Rehearsed, proof *Proof, before Shape, held Holdings) error {
	up, had := r.shape, r.have
	trace, err := on.Down(ctx, a.Step)
	if err != nil {
		return r.broken(ctx, proof, a.Down.Name, err)
	}
	if err := errors.Join(r.measure(ctx, trace, a.Down.Script.Change), r.look(ctx)); err != nil {
		return err
	}
	done.Down = &trace
	proof.Difference = r.shape.difference(before)
	proof.Returned = proof.Difference == ""
	proof.Lost = texts(r.have.lost(held, true))
	if more := r.have.more(held); proof.Returned && more != "" {
		proof.Difference = "after down, " + more
	}
	again, err := on.Up(ctx, a.Step)
	if err != nil {
		return r.broken(ctx, proof, a.Up.Name+" after down", err)
	}
	done.Up.shorten(again)
	if err := errors.Join(r.behind(ctx, a, again), r.look(ctx)); err != nil {
		return err
	}
	return r.again(ctx, proof, up, had)
}

// again compares what the second up has left with the first.
func (r *rehearsing) again(ctx context.Context, proof *Proof, up Shape, had Holdings) error {
	difference := r.shape.difference(up)
	proof.Again = difference == ""
	for _, lost := range texts(r.have.lost(had, false)) {
		if !slices.Contains(proof.Lost, lost) {
			proof.Lost = append(proof.Lost, lost)
		}
	}
	if proof.Again {
		return nil
	}
	if proof.Difference == "" {
		proof.Difference = "after up again, " + difference
	}
	return r.end(ctx) // the next file begins on a new one
}

// broken keeps in the proof why a file did not go back, or up again. That ctx has
// ended, or the server gone, proves nothing of it.
func (r *rehearsing) broken(ctx context.Context, proof *Proof, file string, err error) error {
	if ctx.Err() != nil || release.ExitStatus(err) == int(release.Unknown) {
		return err
	}
	if proof.Difference == "" {
		proof.Difference = fmt.Sprintf("%s ended in an error: %v", file, err)
	}
	return r.end(ctx)
}

func refusedUp(s Step, err error) error {
	if release.ExitStatus(err) != int(release.Refused) || release.HintOf(err) != "" {
		return fmt.Errorf("%s: %w", s.Up.Path, err)
	}
	usual := "correct the file, and run the job again; the live database was not touched"
	return release.Refuse(s.remedy(err, usual), "%s: %w", s.Up.Path, err)
}
