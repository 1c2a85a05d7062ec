package alb_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/bluegreen-actions/bluegreen/internal/alb"
	"github.com/bluegreen-actions/bluegreen/internal/alb/albtest"
	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// keys are credentials that end, and can be renewed while fresh says for how
// long.
type keys struct {
	asked atomic.Int64
	lasts func(n int64) (time.Duration, error)
}

func (k *keys) Retrieve(context.Context) (aws.Credentials, error) {
	lasts, err := k.lasts(k.asked.Add(1))
	return aws.Credentials{AccessKeyID: albtest.Key, SecretAccessKey: albtest.Secret, CanExpire: true, Expires: time.Now().Add(lasts)}, err
}

var errNoMore = errors.New("the role is gone")

func TestCredentialsAreRenewedOrStopTheWayForward(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lasts   func(n int64) (time.Duration, error)
		verdict gate.Verdict
		forward string // why not; empty where it goes
	}{
		"they last":              {func(int64) (time.Duration, error) { return time.Hour, nil }, gate.Pass, ""},
		"they end, with new":     {func(n int64) (time.Duration, error) { return time.Duration(n-1) * time.Hour, nil }, gate.Pass, ""},
		"they end in 9 minutes":  {once(9 * time.Minute), gate.Pause, "and could not be renewed: the role is gone"},
		"they end in 2 minutes":  {once(150 * time.Second), gate.Rollback, "the AWS credentials end in 2m"},
		"the source has no more": {func(int64) (time.Duration, error) { return 9 * time.Minute, nil }, gate.Pause, "there are no newer ones"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, albtest.Options{})
			s := w.open(t)
			s.With(&keys{lasts: c.lasts})
			_, _ = s.Weights(t.Context()) // the first are found
			s.Hasten()
			d := s.Health().Evaluate(t.Context(), gate.Moment{Candidate: release.Green, Live: release.Blue, Weight: 10})
			equal(t, "verdict", d.Readings[2].Verdict, c.verdict)
			err := s.Set(t.Context(), release.Green, 10, 1)
			if c.forward == "" {
				must(t, err)
				return
			}
			says(t, "forward", err, c.forward)
			equal(t, "exit", release.ExitStatus(err), 3)
			must(t, s.Restore(t.Context(), release.Blue)) // for which they still are
		})
	}
}

// once gives credentials one time.
func once(lasts time.Duration) func(int64) (time.Duration, error) {
	return func(n int64) (time.Duration, error) {
		if n > 1 {
			return 0, errNoMore
		}
		return lasts, nil
	}
}

func TestExpiredCredentialsAreSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{})
	w.settings.Expires = time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
	for name, s := range map[string]*alb.Balancer{"by their own time": w.open(t), "by AWS": w.lasting(t)} {
		if name == "by AWS" {
			w.Expire()
		}
		_, err := s.Weights(t.Context())
		says(t, name, err, "the AWS credentials have expired")
		says(t, name, s.Restore(t.Context(), release.Blue), "expired")
		equal(t, name, release.ExitStatus(err), 3)
	}
}

func (w *world) lasting(t *testing.T) *alb.Balancer {
	w.settings.Expires = ""
	return w.open(t)
}

// TestARollbackWaitsForNoRenewal that does not come, while its keys still work.
func TestARollbackWaitsForNoRenewal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{})
	s := w.open(t)
	asked := make(chan struct{})
	s.With(&keys{lasts: func(n int64) (time.Duration, error) {
		if n > 1 {
			close(asked)
			<-t.Context().Done() // deaf to its own limit as well
		}
		return 330 * time.Second, nil
	}})
	_, err := s.Weights(t.Context())
	must(t, err)
	s.Hasten()
	must(t, s.Restore(t.Context(), release.Green)) // would wait for as long as the test lasts
	<-asked
	w.splits(t, release.Split(release.Green, 100))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	says(t, "the way forward", s.Set(ctx, release.Blue, 10, 1), "the AWS credentials end in 5m")
}

// TestARoleThatCannotBeTakenIsSaidWhenItIsNeeded and not before: another load
// balancer can go back without it.
func TestARoleThatCannotBeTakenIsSaidWhenItIsNeeded(t *testing.T) {
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "")
	conf := settings()
	conf.Role = "arn:aws:iam::123456789012:role/release"
	s, err := alb.New(conf)
	must(t, err)
	err = s.Try(t.Context())
	says(t, "preflight", err, "there is no OIDC token to take the role")
	says(t, "rollback", s.Restore(t.Context(), release.Blue), "there is no OIDC token to take the role")
	equal(t, "hint", release.HintOf(err), "give the job `permissions: id-token: write`, or leave router.alb.role out")
	equal(t, "exit", release.ExitStatus(err), 2)
}

// TestARoleIsTakenAndRenewed sets the environment, so it is not parallel.
func TestARoleIsTakenAndRenewed(t *testing.T) {
	w := newWorld(t, albtest.Options{})
	var asked atomic.Int64
	github := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer of-the-job" || r.URL.Query().Get("audience") != "sts.amazonaws.com" || r.URL.Query().Get("api") != "2" {
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(rw, `{"value":"token-%d"}`, asked.Add(1))
	}))
	t.Cleanup(github.Close)
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_URL", github.URL+"/token?api=2")
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of-the-job")
	t.Setenv("AWS_ENDPOINT_URL_STS", w.Endpoint)
	w.settings.Role = "arn:aws:iam::123456789012:role/release"
	s := w.open(t)
	must(t, s.Set(t.Context(), release.Green, 10, 1))
	must(t, s.Set(t.Context(), release.Green, 50, 1))
	equal(t, "tokens", asked.Load(), 1)
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of-nobody")
	says(t, "a token that is refused", w.open(t).Set(t.Context(), release.Green, 50, 1), "ask GitHub for an OIDC token: 401")
}

func TestTheKeyOfTheSettingsIsUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{})
	w.settings.AccessKey, w.settings.SecretKey = albtest.Key, "guessed"
	_, err := w.open(t).Weights(t.Context())
	says(t, "a wrong secret", err, "AWS does not take the credentials")
	if text := fmt.Sprintf("%v %+v", err, w.settings); strings.Contains(text, "guessed") {
		t.Errorf("the secret is shown: %s", text)
	}
	w.settings.SecretKey = albtest.Secret
	w.splits(t, release.Split(release.Blue, 100))
}
