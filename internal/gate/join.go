package gate

import (
	"context"
	"sync"
)

// Evaluator is whatever looks at a candidate and says what it means: a Watch, or
// another look of the same kind, such as a balancer's view of its targets.
type Evaluator interface {
	Evaluate(ctx context.Context, m Moment) Decision
}

// Join makes one decision of several. All are asked at once; the readings keep
// the order of the members, the worst verdict wins, and the time is that of the
// first member that has one. A rollback is answered without waiting for members
// that are slower. A member without a reading measured nothing, which stops the
// step. It is safe for concurrent use, and never asks one member twice at a time.
func Join(members ...Evaluator) Evaluator {
	j := make(joint, len(members))
	for i, one := range members {
		j[i] = &member{Evaluator: one}
	}
	return j
}

// member is one of several, who is asked by one caller at a time.
type member struct {
	Evaluator
	asked sync.Mutex
}

func (m *member) ask(ctx context.Context, at Moment) Decision {
	m.asked.Lock()
	defer m.asked.Unlock()
	return m.Evaluate(ctx, at)
}

type joint []*member

// told is what one member said.
type told struct {
	member   int
	decision Decision
}

func (j joint) Evaluate(ctx context.Context, m Moment) Decision {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // what is not waited for may end
	answers := make(chan told, len(j))
	for i, one := range j {
		go func() { answers <- told{i, one.ask(ctx, m)} }()
	}
	decisions := make([]Decision, len(j))
	for i := range decisions {
		decisions[i].Readings = []Reading{{Rule: "gates", Verdict: Inconclusive, Code: Failing, Reason: "not waited for: another gate says rollback"}}
	}
	for range j {
		t := <-answers
		decisions[t.member] = t.decision
		if Worst(t.decision.Readings) == Rollback {
			break
		}
	}
	return merge(decisions)
}

func merge(all []Decision) Decision {
	var d Decision
	for _, one := range all {
		if len(one.Readings) == 0 {
			one.Readings = []Reading{{Rule: "gates", Verdict: Inconclusive, Code: Failing, Reason: "a gate brought no reading"}}
		}
		d.Readings = append(d.Readings, one.Readings...)
		if d.At.IsZero() {
			d.At = one.At
		}
	}
	d.Verdict = Worst(d.Readings)
	return d
}
