package redis_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/redis"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

func TestLeaseConformance(t *testing.T) {
	t.Parallel()
	url := lab.Redis(t)
	traffictest.LeaseConformance(t, func(t *testing.T, expiry time.Duration) traffic.Leases {
		lease := dial(t, url).Lease(t.Name())
		lease.Expiry = expiry
		return lease
	})
}

func TestTheLeaseOfOneApplicationIsNotAnothers(t *testing.T) {
	t.Parallel()
	client, _ := open(t)
	owner := traffic.Owner{Release: "shop-1", Process: "attempt 1"}
	for _, application := range []string{"shop", "blog"} {
		if token, err := client.Lease(application).Acquire(t.Context(), owner); err != nil || token != 1 {
			t.Errorf("%s: token %d, %v", application, token, err)
		}
	}
}

func TestALeaseOutlivesTheRestartOfItsOwner(t *testing.T) {
	t.Parallel()
	client, plain := open(t)
	if _, err := client.Lease("shop").Acquire(t.Context(), traffic.Owner{Release: "shop-1", Process: "attempt 1"}); err != nil {
		t.Fatal(err)
	}
	if left, err := plain.TTL(t.Context(), "bluegreen:lease:shop").Result(); err != nil || left >= 0 {
		t.Errorf("the key ends in %v, %v: want never, or its token would start again", left, err)
	}
}

func TestAKeyThatIsNoLeaseIsRefused(t *testing.T) {
	t.Parallel()
	for name, make := range map[string][]any{
		"another type":     {"LPUSH", "bluegreen:lease:shop", "x"},
		"another state":    {"HSET", "bluegreen:lease:shop", "state", "lent", "token", "1"},
		"a negative token": {"HSET", "bluegreen:lease:shop", "token", "-1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, plain := open(t)
			run(t, plain, make...)
			lease := client.Lease("shop")
			if _, err := lease.Peek(t.Context()); err == nil || release.ExitStatus(err) != 3 {
				t.Errorf("peek: %v", err)
			}
		})
	}
}

func TestWhatALeaseSaysOfAnother(t *testing.T) {
	t.Parallel()
	client, _ := open(t)
	lease := client.Lease("shop")
	if _, err := lease.Acquire(t.Context(), traffic.Owner{Release: "shop-1", Process: "attempt \"1\"\n"}); err != nil {
		t.Fatal(err)
	}
	_, err := lease.Acquire(t.Context(), traffic.Owner{Release: "shop-2", Process: "attempt 1"})
	if taken, ok := errors.AsType[*traffic.Taken](err); !ok || !strings.Contains(taken.Error(), "release shop-1") {
		t.Errorf("%v", err)
	}
}

// A token only grows, whatever was asked before.
func FuzzTokens(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 0, 4})
	url := lab.Redis(f)
	client, err := redis.Open(release.Secret(url))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { client.Close() })
	f.Fuzz(func(t *testing.T, steps []byte) {
		lease := client.Lease(lab.Name(t))
		newest := traffic.Token(0)
		for _, step := range steps[:min(len(steps), 20)] {
			var err error
			switch owner := (traffic.Owner{Release: "shop-1", Process: string('a' + rune(step%2))}); step % 5 {
			case 0, 1:
				var token traffic.Token
				token, err = lease.Acquire(t.Context(), owner)
				if err == nil && token <= newest {
					t.Fatalf("token %d after %d", token, newest)
				}
			case 2:
				err = lease.Renew(t.Context(), newest)
			case 3:
				err = lease.Release(t.Context(), newest)
			case 4:
				err = lease.Raise(t.Context(), traffic.Token(step))
			}
			if _, taken := errors.AsType[*traffic.Taken](err); err != nil && !taken && !errors.Is(err, traffic.ErrLost) {
				t.Fatal(err)
			}
			h, err := lease.Peek(t.Context())
			if err != nil || h.Token < newest {
				t.Fatalf("%+v, %v: the newest token was %d", h, err, newest)
			}
			newest = h.Token
		}
	})
}
