package alb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// The times of a rollback.
const (
	knowTime = 300 * time.Millisecond  // for reading the actions, where the tags say what they were
	tidyTime = 1200 * time.Millisecond // from its beginning, for what the traffic does not wait for
)

// Restore implements traffic.Router: the rules are written at once, from what
// this process has read last, and the tokens are refused beside that. What this
// leaves undone, Assert does.
func (b *Balancer) Restore(ctx context.Context, good release.Slot) error {
	ctx, cancel := within(ctx)
	defer cancel()
	b.mu.Lock()
	b.restores++ // a move of this process that is still on its way undoes nothing any more
	b.refused = nil
	b.mu.Unlock()
	tidying, stop := context.WithTimeout(ctx, tidyTime)
	defer stop()
	closed := make(chan error, 1)
	go func() { closed <- b.shut(tidying, good) }()
	if err := b.rewrite(ctx, good); err != nil {
		return fmt.Errorf("restore %s: %w", good, err)
	}
	if <-closed == nil {
		b.overwrite(tidying, good)
	}
	return nil // the rules have acknowledged, which is what a rollback is
}

// shuts says whether the last rollback of this process has refused the tokens.
func (b *Balancer) shuts() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refused != nil
}

// rewrite gives all the traffic to the slot, whatever there was.
func (b *Balancer) rewrite(ctx context.Context, good release.Slot) error {
	want := release.Split(good, 100)
	b.aimed(want)
	known, problems := b.known(ctx)
	return b.each(ctx, func(ctx context.Context, r route) error {
		face, ok := known[r.arn]
		if !ok {
			return problems[r.arn]
		}
		return b.write(ctx, r, face.actions(r, want))
	})
}

// known is what comes before the forward of each rule. A process that has read
// the rules knows it. Another asks; where the answer takes too long, and the
// tags say that the last move found a forward and nothing before it, that will do.
func (b *Balancer) known(ctx context.Context) (map[ARN]face, map[ARN]error) {
	b.mu.Lock()
	have := maps.Clone(b.faces)
	b.mu.Unlock()
	if len(have) == len(b.routes) {
		return have, nil
	}
	type answer struct {
		faces    map[ARN]face
		problems map[ARN]error
	}
	asked := make(chan answer, 1)
	go func() {
		faces, problems := b.fronts(ctx)
		asked <- answer{faces, problems}
	}()
	plain := make(chan bool, 1)
	go func() { plain <- b.plain(ctx) }()
	for late, wait := (<-chan bool)(nil), time.After(knowTime); ; {
		select {
		case a := <-asked:
			return a.faces, a.problems
		case <-wait:
			late = plain
		case yes := <-late:
			if yes {
				return b.bare(), nil
			}
			late = nil
		}
	}
}

// fronts reads what comes before the forward, whatever the groups are.
func (b *Balancer) fronts(ctx context.Context) (map[ARN]face, map[ARN]error) {
	faces, problems := map[ARN]face{}, map[ARN]error{}
	actions, err := b.describe(ctx)
	for _, r := range b.routes {
		if err != nil {
			problems[r.arn] = err
			continue
		}
		if f, _, err := front(actions[r.arn]); err != nil {
			problems[r.arn] = err
		} else {
			faces[r.arn] = f
		}
	}
	return faces, problems
}

func (b *Balancer) bare() map[ARN]face {
	faces := map[ARN]face{}
	for _, r := range b.routes {
		faces[r.arn] = face{}
	}
	return faces
}

// shut refuses every token that was seen so far, and says where the traffic is.
// Each time it writes something new, so that a move that is on its way sees that
// it was overtaken.
func (b *Balancer) shut(ctx context.Context, good release.Slot) error {
	now, err := b.tags(ctx)
	if err != nil {
		return err
	}
	f, err := now.fence()
	if err != nil {
		return err
	}
	newest := max(f.seen, f.closed)
	if err := b.put(ctx, tags{closedTag(newest): string(good) + " " + rand.Text()}); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused = &newest
	return nil
}

// newer says whether a shift has begun since the rollback refused those before.
func (b *Balancer) newer(ctx context.Context) (bool, error) {
	now, err := b.tags(ctx)
	if err != nil {
		return false, err
	}
	f, err := now.fence()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refused != nil && f.seen > *b.refused, err
}

// overwrite writes again where a move forward came between the write and the
// refusal of its token. Where the rules cannot be read, that is not known, and
// the proof of the rollback will tell.
func (b *Balancer) overwrite(ctx context.Context, good release.Slot) {
	faces, err := b.read(ctx)
	if err == nil && !b.all(faces, release.Split(good, 100)) {
		_ = b.rewrite(ctx, good)
	}
}

// Assert looks at the weights for as long as the settings say, and writes them
// again where somebody has changed them, unless that was a shift that has begun
// since: the traffic is its own. It is for the time after the proof of
// a rollback, holds up nothing that has to be quick, and may be cut short. It
// says what it saw; its error is what is not as it should be at the end.
func (b *Balancer) Assert(ctx context.Context, good release.Slot) (string, error) {
	seen := asserted{began: time.Now()}
	var err error
	for end := seen.began.Add(b.settings.AssertFor); ; {
		err = b.once(ctx, good, &seen)
		if seen.left || !time.Now().Before(end) || !sleep(ctx, min(time.Second, time.Until(end))) {
			break
		}
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		err = fmt.Errorf("assert the weights after the rollback: %w", err)
	}
	return seen.String(), err
}

// asserted is what was seen of late writers after a rollback.
type asserted struct {
	began  time.Time
	looks  int
	writes int  // of the weights, after somebody else's
	left   bool // the weights to a newer shift
}

func (a asserted) String() string {
	if a.left {
		return fmt.Sprintf("looked at the weights %d times, wrote them again %d times, and left them to a newer shift after %v", a.looks, a.writes, time.Since(a.began).Round(time.Second))
	}
	return fmt.Sprintf("looked at the weights %d times in %v, and wrote them again %d times", a.looks, time.Since(a.began).Round(time.Second), a.writes)
}

func (b *Balancer) once(ctx context.Context, good release.Slot, seen *asserted) error {
	ctx, cancel := within(ctx)
	defer cancel()
	seen.looks++
	closed := b.shuts() || b.shut(ctx, good) == nil
	faces, err := b.read(ctx)
	switch {
	case err == nil && b.all(faces, release.Split(good, 100)) && !closed:
		return errors.New("the tokens of earlier moves could not be refused")
	case err == nil && b.all(faces, release.Split(good, 100)):
		return nil
	}
	if newer, _ := b.newer(ctx); newer { // where that is not known, the good slot is the safe one
		seen.left = true
		return nil
	}
	seen.writes++
	return errors.Join(err, b.rewrite(ctx, good))
}
