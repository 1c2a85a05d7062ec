package traffic

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// The times of a lease, as a shift uses it.
const (
	LeaseExpiry = 60 * time.Second // of a lease that is not renewed
	RenewEvery  = 15 * time.Second
)

// Lease is the right of one process to raise a candidate's weight. All times
// are of the store's clock, never of the process that asks.
type Lease interface {
	// Acquire takes the lease and returns a token greater than every one
	// before. While another owner holds it, the error is a *Taken. An owner that
	// holds it already gets a new token, and its older one is lost.
	Acquire(ctx context.Context, owner Owner) (Token, error)

	// Renew puts the expiry off. It returns ErrLost when the token is not the
	// newest, or when the lease has expired or was released.
	Renew(ctx context.Context, token Token) error

	// Release ends the lease of this token, and says that it ended well. A token
	// that does not hold the lease changes nothing.
	Release(ctx context.Context, token Token) error
}

// Fence is what the way back needs of a lease: to see who holds it, and to end
// it without asking.
type Fence interface {
	// Peek returns the last holding. It is kept after it has ended, also by
	// expiry, so that a guard can tell one end from another.
	Peek(ctx context.Context) (Holding, error)

	// Raise makes token the newest, which ends the lease of every older one. A
	// token that is not greater than the newest changes nothing.
	Raise(ctx context.Context, token Token) error
}

// ErrLost is the end of a lease that its owner did not ask for.
var ErrLost = errors.New("the lease is lost")

// Taken is the refusal of a lease that somebody else holds.
type Taken struct{ Holding Holding }

func (t *Taken) Error() string {
	return fmt.Sprintf("%s holds the lease for another %v", t.Holding.Owner, t.Holding.Left.Round(time.Second))
}

// Owner is one process of one release. Process is what tells it from other
// processes: host and process id, or the attempt of the run.
type Owner struct {
	Release release.ID `json:"release,omitempty"`
	Process string     `json:"process,omitempty"`
}

// String prints both, such as "release shop-41 (attempt 1)".
func (o Owner) String() string { return fmt.Sprintf("release %s (%s)", o.Release, o.Process) }

// State is how a holding stands.
type State string

// The states of a holding.
const (
	Never    State = ""         // nobody has held the lease yet
	Held     State = "held"     // by its owner
	Expired  State = "expired"  // not renewed in time: its owner is gone
	Released State = "released" // by its owner, after the traffic was where it should be
	Raised   State = "raised"   // ended by a rollback
)

// Holding is who holds the lease, or held it last.
type Holding struct {
	Owner Owner
	Token Token // the newest
	State State
	Left  time.Duration // until the expiry, by the store's clock; 0 unless held
}
