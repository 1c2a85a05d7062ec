package alb_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/alb/albtest"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

var errKilled = errors.New("killed")

// page is a page with so many images.
func page(images int) func(*traffic.Page) error {
	return func(p *traffic.Page) error {
		p.Good = &traffic.Good{Slot: release.Green, Release: "shop-2", Images: map[string]release.Digest{}}
		for i := range images {
			p.Good.Images[fmt.Sprintf("image-%d", i)] = release.Digest(fmt.Sprintf("sha256:%064x", i*i*7919+i))
		}
		return nil
	}
}

func TestAKilledWriterLeavesAWholePage(t *testing.T) {
	t.Parallel()
	for k, killed := 0, true; killed; k++ {
		w := newWorld(t, albtest.Options{})
		must(t, w.open(t).Update(t.Context(), page(3)))
		dying := w.open(t)
		left := k
		killed = false
		dying.Before(func(string, string) error {
			if left--; left < 0 {
				killed = true
				return errKilled
			}
			return nil
		})
		_ = dying.Update(t.Context(), page(60)) // killed or not
		next := w.open(t)
		p, err := next.Read(t.Context())
		must(t, err)
		if n := len(p.Good.Images); n != 3 && n != 60 || !killed && n != 60 {
			t.Errorf("killed after %d writes: %d images", k, n)
		}
		if k == 1 { // with the lock in its hands
			began := time.Now()
			must(t, next.Update(t.Context(), page(4)))
			t.Logf("the lock of a process that is gone was taken over after %v", time.Since(began))
		}
	}
}

func TestALedgerThatCannotBeTrustedIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{})
	must(t, w.open(t).Update(t.Context(), page(60)))
	whole := maps.Clone(w.ledger())
	set := strings.Split(whole["bluegreen:page"], " ")[1]
	for name, c := range map[string]struct{ key, value, want string }{
		"a part that is gone":      {"bluegreen:page:" + set + ":01", "", "do not belong together"},
		"a part of somebody else":  {"bluegreen:page:" + set + ":01", "AAAA", "do not belong together"},
		"a pointer to nothing":     {"bluegreen:page", "see the wiki", "is not what this program writes"},
		"a pointer to many":        {"bluegreen:page", "1 ABCDEFGH 99 0123456789abcdef0123456789abcdef", "want 1 to 15 values"},
		"a token that is none":     {"bluegreen:token:many", "seen", `token "many"`},
		"a slot that is none":      {"bluegreen:closed:1", "red x", `slot "red"`},
		"a token with a zero":      {"bluegreen:token:007", "seen", `token "007"`},
		"a rollback to nowhere":    {"bluegreen:closed:2", "", ""},
		"an unknown tag of theirs": {"owner", "team a", ""},
	} {
		w.Tag(w.rule, c.key, c.value)
		s := w.open(t)
		_, err := s.Read(t.Context())
		if strings.Contains(c.key, "token") || strings.Contains(c.key, "closed") {
			err = s.Set(t.Context(), release.Green, 0, 1<<40)
		}
		if c.want != "" {
			says(t, name, err, c.want)
			must(t, s.Restore(t.Context(), release.Blue)) // a rollback does not mind
		} else {
			must(t, err)
		}
		w.Tag(w.rule, c.key, whole[c.key])
		for key := range w.ledger() {
			if strings.Contains(key, "token") || strings.Contains(key, "closed") || key == "bluegreen:plain" {
				w.Tag(w.rule, key, "")
			}
		}
	}
}

func TestAPageThatDoesNotFitIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{})
	err := w.open(t).Update(t.Context(), page(400))
	says(t, "400 images", err, "the tags of a rule take 3840")
	equal(t, "exit", release.ExitStatus(err), 2)
	equal(t, "tags", len(w.ledger()), 0)
}

func TestAnUpdateThatIsTooSlowToHoldTheLockWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{})
	slow := w.open(t)
	other := make(chan error, 1)
	begun := false
	err := slow.Update(t.Context(), func(p *traffic.Page) error {
		if !begun { // a machine that stands still with the lock in its hands
			begun = true
			go func() { other <- w.open(t).Update(t.Context(), page(7)) }()
			time.Sleep(6 * time.Second)
		}
		p.Claims = map[release.Slot]traffic.Claim{release.Green: {Release: "shop-9"}}
		return nil
	})
	must(t, err)
	must(t, <-other)
	p, err := w.open(t).Read(t.Context())
	must(t, err)
	if p.Good == nil || len(p.Good.Images) != 7 || p.Claims[release.Green].Release != "shop-9" {
		t.Errorf("got %+v, want what both have written", p)
	}
}

func TestTokensThatAreOverAreRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{})
	s := w.open(t)
	for token := range traffic.Token(6) {
		must(t, s.Set(t.Context(), release.Green, 100, token+1))
		must(t, s.Restore(t.Context(), release.Blue))
	}
	must(t, s.Set(t.Context(), release.Green, 100, 7))
	must(t, s.Settle(t.Context(), release.Green))
	must(t, s.Settle(t.Context(), release.Green))
	equal(t, "tags", strings.Join(keysOf(w.ledger()), " "), "bluegreen:closed:6 bluegreen:plain bluegreen:token:7")
	must(t, s.Set(t.Context(), release.Blue, 50, 8))
	says(t, "to settle a split", s.Settle(t.Context(), release.Blue), "the split is blue 50% green 50%")
}
