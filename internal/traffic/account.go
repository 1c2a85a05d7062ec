package traffic

import (
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
)

// Account is what one gate said in a shift.
type Account struct {
	Rule  string               `json:"rule"`
	Looks map[gate.Verdict]int `json:"looks"` // how often it said what
	Last  gate.Reading         `json:"last"`
	Worst gate.Reading         `json:"worst"`          // the first of its worst readings, but for windows that were not covered yet
	Turns []Turn               `json:"turns"`          // when it changed its mind
	Lost  int                  `json:"lost,omitempty"` // turns that are not kept
}

// Turn is a change of mind.
type Turn struct {
	At      time.Time    `json:"at"`
	Verdict gate.Verdict `json:"verdict"`
}

// turnsMost bounds what is kept of a gate that cannot decide.
const turnsMost = 200

// account writes a decision into the accounts of its gates.
func (l *Log) account(d gate.Decision) {
	l.Readings = d.Readings
	for _, r := range d.Readings {
		i := slices.IndexFunc(l.Gates, func(a Account) bool { return a.Rule == r.Rule })
		if i < 0 {
			i = len(l.Gates)
			l.Gates = append(l.Gates, Account{Rule: r.Rule, Looks: map[gate.Verdict]int{}, Worst: r})
		}
		l.Gates[i].add(r)
	}
}

func (a *Account) add(r gate.Reading) {
	a.Looks[r.Verdict]++
	a.Last = r
	filling := r.Code == gate.Partial // as at the beginning of every step
	if a.Worst.Code == gate.Partial || r.Verdict > a.Worst.Verdict && !filling {
		a.Worst = r
	}
	switch n := len(a.Turns); {
	case n > 0 && a.Turns[n-1].Verdict == r.Verdict:
	case n >= turnsMost:
		a.Lost++
	default:
		a.Turns = append(a.Turns, Turn{now(), r.Verdict})
	}
}
