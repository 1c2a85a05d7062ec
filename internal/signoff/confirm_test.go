package signoff_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/signoff"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

// noon is when the first note is written; each other one a minute after.
var noon = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)

// books is a Source that answers from fields.
type books struct {
	environments map[string]signoff.Environment
	run          signoff.Run
	history      []signoff.Decision
	notes        []signoff.Note
	broken       error // what every answer but the environment's is
}

func (b *books) Environment(_ context.Context, name string) (signoff.Environment, error) {
	e, ok := b.environments[name]
	if !ok {
		return e, signoff.ErrNoEnvironment
	}
	return e, nil
}

func (b *books) Run(context.Context, int64) (signoff.Run, error) { return b.run, b.broken }

func (b *books) Decisions(context.Context, int64) ([]signoff.Decision, error) {
	return b.history, b.broken
}

func (b *books) Notes(context.Context, string, release.Commit) ([]signoff.Note, error) {
	return b.notes, b.broken
}

func (b *books) Note(_ context.Context, _ string, _ release.Commit, text string) error {
	b.notes = append(b.notes, signoff.Note{Text: text, At: noon.Add(time.Duration(len(b.notes)) * time.Minute)})
	return b.broken
}

// approved is a run in which alice, a listed reviewer, approved as QA.
func approved() *books {
	return &books{
		environments: map[string]signoff.Environment{
			"production-qa": {Name: "production-qa", Reviewed: true, Users: []string{"alice", "erin"}},
		},
		run:     signoff.Run{ID: 77, Attempt: 1, Commit: commit, Actor: "erin", Trigger: "frank"},
		history: []signoff.Decision{{Environment: "production-qa", State: "approved", By: "alice", Comment: "good"}},
	}
}

func (b *books) qa(change func(*signoff.Environment)) {
	e := b.environments["production-qa"]
	change(&e)
	b.environments["production-qa"] = e
}

func images() map[string]release.Digest {
	return map[string]release.Digest{"backend": release.Digest("sha256:" + strings.Repeat("a", 64))}
}

func request() signoff.Request {
	return signoff.Request{
		Target: "production", Role: "qa", Run: 77,
		Release: release.Record{ID: "acme-mailblast-77", Version: "v1.2.0", Commit: commit, Images: images()},
	}
}

func TestConfirm(t *testing.T) {
	code := signoff.Code(images())
	tests := []struct {
		sentence string
		settings signoff.Settings
		change   func(*books)
		want     string // of the error; empty for an approval
		status   release.Status
		exit     int
	}{
		{sentence: "a listed reviewer who did not start the run approves", status: release.SignedOff},
		{sentence: "the name of a reviewer has no case", change: func(b *books) { b.history[0].By = "Alice" }, status: release.SignedOff},
		{sentence: "an environment that GitHub made up holds nobody", change: func(b *books) { b.environments = nil },
			want: "production-qa does not exist", status: release.NotShown, exit: 1},
		{sentence: "an environment without reviewers asks nobody", change: func(b *books) { b.qa(func(e *signoff.Environment) { e.Reviewed = false }) },
			want: "no required reviewers", status: release.NotShown, exit: 1},
		{sentence: "an empty list of reviewers asks nobody", change: func(b *books) { b.qa(func(e *signoff.Environment) { e.Users = nil }) },
			want: "list of reviewers is empty", status: release.NotShown, exit: 1},
		{sentence: "nobody has approved", change: func(b *books) { b.history = nil }, want: "nobody approved production-qa", status: release.NotShown, exit: 1},
		{sentence: "the approval of another environment is another's", change: func(b *books) { b.history[0].Environment = "production-live" },
			want: "nobody approved", status: release.NotShown, exit: 1},
		{sentence: "a pending decision is none", change: func(b *books) { b.history[0].State = "pending" }, want: "nobody approved", status: release.NotShown, exit: 1},
		{sentence: "a rejection is shown as failed", change: func(b *books) { b.history[0].State = "rejected" },
			want: `QA Lead rejected by alice: "good"`, status: release.Failed, exit: 1},
		{sentence: "a rejection stands against an approval of the same attempt", change: func(b *books) {
			b.history = append(b.history, signoff.Decision{Environment: "production-qa", State: "rejected", By: "erin"})
		}, want: "rejected by erin", status: release.Failed, exit: 1},
		{sentence: "a later attempt is approved after a rejection", change: func(b *books) {
			b.run.Attempt = 2
			b.history = append(b.history, signoff.Decision{Environment: "production-qa", State: "rejected", By: "alice"})
		}, status: release.SignedOff},
		{sentence: "who started the run does not approve it", change: func(b *books) { b.history[0].By = "erin" },
			want: "approved by erin, who started the run", status: release.NotShown, exit: 1},
		{sentence: "who started the attempt does not either", change: func(b *books) { b.run.Trigger = "alice" },
			want: "approved by alice, who started the run", status: release.NotShown, exit: 1},
		{sentence: "self-review can be allowed", settings: signoff.Settings{AllowSelfReview: true}, change: func(b *books) { b.history[0].By = "erin" }, status: release.SignedOff},
		{sentence: "self-review is not allowed where the environment prevents it", settings: signoff.Settings{AllowSelfReview: true}, change: func(b *books) {
			b.history[0].By = "erin"
			b.qa(func(e *signoff.Environment) { e.SelfReviewPrevented = true })
		}, want: "who started the run", status: release.NotShown, exit: 1},
		{sentence: "a second approval counts where the first does not", change: func(b *books) {
			b.history = append([]signoff.Decision{{Environment: "production-qa", State: "approved", By: "erin"}}, b.history...)
		}, status: release.SignedOff},
		{sentence: "an administrator's bypass is no approval", change: func(b *books) { b.history[0].By = "root" },
			want: "not among its reviewers", status: release.NotShown, exit: 1},
		{sentence: "a bypass can be allowed", settings: signoff.Settings{AllowBypass: true}, change: func(b *books) { b.history[0].By = "root" }, status: release.SignedOff},
		{sentence: "a member of a team approves", change: func(b *books) {
			b.history[0].By = "grace"
			b.qa(func(e *signoff.Environment) { e.Users, e.Teams = nil, []string{"testers"} })
		}, status: release.SignedOff},
		{sentence: "teams beside a bypass cannot be told apart", change: func(b *books) {
			b.qa(func(e *signoff.Environment) { e.Teams, e.BypassAllowed = []string{"testers"}, true })
		}, want: "a bypass could not be told from an approval", status: release.NotShown, exit: 1},
		{sentence: "a machine is no reviewer", change: func(b *books) { b.history[0].By = "deploy[bot]" }, want: "who is nobody", status: release.NotShown, exit: 1},
		{sentence: "the comment may quote the images", change: func(b *books) { b.history[0].Comment = "ok: Images " + code }, status: release.SignedOff},
		{sentence: "an approval of other images does not count", change: func(b *books) { b.history[0].Comment = "images 000000000000" },
			want: "alice approved images 000000000000, and this release has images " + code, status: release.NotShown, exit: 1},
		{sentence: "the quote can be required", settings: signoff.Settings{RequireCode: true}, want: "without naming the images", status: release.NotShown, exit: 1},
		{sentence: "a run for another commit is another release", change: func(b *books) { b.run.Commit = release.Commit("f" + commit[1:]) },
			want: "run 77 is for commit f123456789ab, and the release is of 0123456789ab", status: release.NotShown, exit: 1},
		{sentence: "what cannot be read is not shown", change: func(b *books) { b.broken = errors.New("GitHub is down") },
			want: "read run 77: GitHub is down", status: release.NotShown, exit: 3},
	}
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			t.Parallel()
			source := approved()
			if test.change != nil {
				test.change(source)
			}
			var findings release.Findings
			approval, err := test.settings.Confirm(t.Context(), source, request(), &findings)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want %q", err, test.want)
			}
			if release.ExitStatus(err) != test.exit || err != nil && release.HintOf(err) == "" {
				t.Errorf("exit status %d with hint %q, want %d", release.ExitStatus(err), release.HintOf(err), test.exit)
			}
			if err == nil && (approval.By == "" || approval.Code != code) {
				t.Errorf("approval %+v", approval)
			}
			for _, e := range findings.List() {
				if e.Status != test.status {
					t.Errorf("%s is %q: %s; want %q", e.ID, e.Status, e.Observed, test.status)
				}
			}
			if got, want := len(findings.List()), 7; got != want {
				t.Errorf("%d items, want the %d of QA", got, want)
			}
		})
	}
}

func TestConfirmRefusesARequestThatBindsNothing(t *testing.T) {
	tests := []struct {
		sentence string
		change   func(*signoff.Request)
		want     string
	}{
		{"without images there is nothing to approve", func(q *signoff.Request) { q.Release.Images = nil }, "release has no images"},
		{"the release of another run is another's", func(q *signoff.Request) { q.Run = 78 }, "does not belong to run 78"},
		{"an empty release is due", func(q *signoff.Request) { q.Release = release.Record{} }, "does not belong"},
		{"the target is missing", func(q *signoff.Request) { q.Target = "" }, "environment is missing"},
		{"the role is unknown", func(q *signoff.Request) { q.Role = "boss" }, "want one of development, devops, qa, live, product"},
	}
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			t.Parallel()
			req := request()
			test.change(&req)
			var findings release.Findings
			_, err := signoff.Settings{}.Confirm(t.Context(), approved(), req, &findings)
			if err == nil || !strings.Contains(err.Error(), test.want) || release.ExitStatus(err) != 2 {
				t.Errorf("error %v with exit status %d, want %q and 2", err, release.ExitStatus(err), test.want)
			}
		})
	}
}

func TestWhoRejectedIsReturned(t *testing.T) {
	source := approved()
	source.history[0].State = "rejected"
	var findings release.Findings
	approval, err := signoff.Settings{}.Confirm(t.Context(), source, request(), &findings)
	if err == nil || approval.By != "alice" || approval.Comment != "good" || approval.Code != "" {
		t.Errorf("%+v, %v", approval, err)
	}
}

func TestARecoveryTestNeedsItsDate(t *testing.T) {
	tests := map[string]release.Status{
		"looks good":                 release.NotShown,
		"PITR 2026-10-01 went well":  release.SignedOff,
		"pitr: 2026-10-01":           release.SignedOff,
		"PITR n/a: no database here": release.SignedOff,
		"PITR n/a:":                  release.NotShown,
		"PITR 2026":                  release.NotShown,
	}
	for comment, want := range tests {
		t.Run(comment, func(t *testing.T) {
			t.Parallel()
			source := &books{
				environments: map[string]signoff.Environment{"production-devops": {Name: "production-devops", Reviewed: true, Users: []string{"carol"}}},
				run:          signoff.Run{ID: 77, Attempt: 1, Commit: commit, Actor: "erin", Trigger: "erin"},
				history:      []signoff.Decision{{Environment: "production-devops", State: "approved", By: "carol", Comment: comment}},
			}
			req := request()
			req.Role = "devops"
			var findings release.Findings
			if _, err := (signoff.Settings{}).Confirm(t.Context(), source, req, &findings); err != nil {
				t.Fatal(err)
			}
			for _, e := range findings.List() {
				if e.ID == "A.5.v5" && e.Status != want {
					t.Errorf("A.5.v5 is %q: %s; want %q", e.Status, e.Observed, want)
				}
				if e.ID != "A.5.v5" && e.Status != release.SignedOff {
					t.Errorf("%s is %q: %s", e.ID, e.Status, e.Observed)
				}
			}
		})
	}
}
