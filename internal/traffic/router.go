package traffic

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Token orders the processes that shift. It only grows: each acquisition of the
// lease brings a greater one, and every write forward carries it.
type Token uint64

// Router moves the traffic of one load balancer. It is safe for concurrent use
// by many processes.
type Router interface {
	// Weights reads the split from the load balancer. An unreadable or
	// undefined split is an error, never a weight of 0.
	Weights(ctx context.Context) (release.Weights, error)

	// Set gives the candidate the weight w and the other slot the rest: the move
	// forward. A token that is older than one that was seen before, or not newer
	// than the last Restore, gets a *Stale error and changes nothing. Setting
	// the weight that is there already only makes the token known.
	Set(ctx context.Context, candidate release.Slot, w release.Weight, token Token) error

	// Restore gives all the traffic to the good slot: the move backward. It
	// needs no lease and no look-up, may be repeated, unless its error is ErrGone,
	// and from then on refuses every token that was seen so far.
	Restore(ctx context.Context, good release.Slot) error
}

// Observer counts who really answers.
type Observer interface {
	// Observe sends n requests of clients that were never seen before through
	// the load balancer and counts them by the slot that they were sent to.
	Observe(ctx context.Context, n int) (Share, error)
}

// Stale is the refusal of a move forward by a process that has been overtaken:
// by a newer shift, or by a rollback.
type Stale struct {
	Token Token // of the refused write
	Seen  Token // the newest that the load balancer knows
}

func (s *Stale) Error() string {
	return fmt.Sprintf("token %d is stale: the load balancer has seen %d", s.Token, s.Seen)
}

// ErrGone is the error of a load balancer whose state is not there, as on a host that
// was rebuilt. Repeating a call does not mend it.
var ErrGone = errors.New("what is kept beside the load balancer is gone")

// ElseInstall is a hint for what went wrong with a load balancer, and none where its
// state is gone: the error has one of its own then, and no other helps.
func ElseInstall(err error, hint string) string {
	if errors.Is(err, ErrGone) {
		return ""
	}
	return hint
}

// Share is how many requests each slot got.
type Share struct {
	Blue  int `json:"blue"`
	Green int `json:"green"`
}

// Of returns the count of one slot.
func (s Share) Of(slot release.Slot) int {
	if slot == release.Blue {
		return s.Blue
	}
	return s.Green
}

// Total is the number of requests.
func (s Share) Total() int { return s.Blue + s.Green }

// Add returns the counts of both.
func (s Share) Add(o Share) Share { return Share{s.Blue + o.Blue, s.Green + o.Green} }

// Fits says whether the counts agree with the weights: within three standard
// deviations of the binomial distribution, and exactly where a weight is 0 or
// 100. No requests fit nothing.
func (s Share) Fits(w release.Weights) bool {
	n, p := float64(s.Total()), float64(w.Green)/100
	switch {
	case n == 0:
		return false
	case w.Green == 0:
		return s.Green == 0
	case w.Green == 100:
		return s.Blue == 0
	}
	return math.Abs(float64(s.Green)-n*p) <= 3*math.Sqrt(n*p*(1-p))
}

// String prints both counts, such as "blue 897 green 103 of 1000".
func (s Share) String() string {
	return fmt.Sprintf("blue %d green %d of %d", s.Blue, s.Green, s.Total())
}

// Balancer is a load balancer as this package sees it: what moves the traffic,
// who counts it, and what is written down beside it. Several that move together
// are one: see Join.
type Balancer struct {
	Name     string // of the kind or the configuration, such as nginx
	Router   Router
	Observer Observer
	Ledger   Ledger

	Settler Settler // makes a slot the default at the end; nil where there is nothing to make
	Trier   Trier   // nil where nothing can be tried
	Leases  Leases  // where the lease may be kept, for lack of a better store; nil where it cannot

	// BreakGlass is what a person runs, without this program, to give all the
	// traffic to the slot: one or more lines of a shell. Nil where there is none.
	BreakGlass func(release.Slot) string

	// Caveat is what a move can cost users even where all goes well, in a
	// sentence without a capital letter; empty where it costs nothing.
	Caveat string

	// Own is what the load balancer itself sees of the slots, as a gate beside
	// those on metrics. Nil where it sees nothing.
	Own gate.Evaluator

	// Settles is how long a change that was acknowledged may take until all new
	// requests follow it, beyond the time of a load balancer that does so at
	// once. It is waited for before what is counted is called wrong.
	Settles time.Duration

	// Ready waits until the load balancer has found a slot able to take traffic,
	// or ctx ends. Nil where it does not look.
	Ready func(context.Context, release.Slot) error

	// Assert watches, after the proof of a rollback, that the traffic stays at the
	// slot, and moves it there again. It is for load balancers that a late writer
	// can win against; it may be cut short. The text says what it saw. Nil where
	// no writer can.
	Assert func(context.Context, release.Slot) (string, error)
}

// Trier shows that a load balancer could be switched, without moving traffic.
type Trier interface {
	// Try refuses what would keep a shift or a rollback from working, and says
	// what to do about it.
	Try(ctx context.Context) error
}
