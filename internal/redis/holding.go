package redis

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// holding reads what every script of the lease answers: whether it did what it
// was asked, then token, state, release, process, and the milliseconds left.
func holding(key string, answer []any) (h traffic.Holding, got bool, err error) {
	if len(answer) != 6 {
		return traffic.Holding{}, false, foreign(key, answer)
	}
	did, ok0 := answer[0].(int64)
	token, ok1 := answer[1].(string)
	state, ok2 := answer[2].(string)
	name, ok3 := answer[3].(string)
	process, ok4 := answer[4].(string)
	left, ok5 := answer[5].(int64)
	n, err := strconv.ParseUint(token, 10, 64)
	if !ok0 || !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || err != nil || !slices.Contains(states, traffic.State(state)) {
		return traffic.Holding{}, false, foreign(key, answer)
	}
	h = traffic.Holding{
		Owner: traffic.Owner{Release: release.ID(name), Process: process},
		Token: traffic.Token(n), State: traffic.State(state),
	}
	if h.State == traffic.Held {
		h.Left = time.Duration(left) * time.Millisecond
	}
	return h, did == 1, nil
}

var states = []traffic.State{traffic.Never, traffic.Held, traffic.Expired, traffic.Released, traffic.Raised}

func foreign(key string, answer []any) error {
	return release.CannotTell("delete the key when no shift is running", "key %s is no lease of this program: %q", key, fmt.Sprint(answer...))
}
