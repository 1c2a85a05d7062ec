package signoff_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/signoff"
)

// attempts is a run whose decisions and images change, and what is written down.
type attempts struct {
	*books
	signoff.Settings
}

func attempted() *attempts {
	a := &attempts{books: approved()}
	a.history, a.run.Attempt = nil, 0
	return a
}

// decide adds what somebody decided. GitHub promises no order: first puts it there.
func (a *attempts) decide(by, state, comment string, first bool) {
	d := signoff.Decision{Environment: "production-qa", State: state, By: by, Comment: comment}
	if first {
		a.history = slices.Insert(a.history, 0, d)
	} else {
		a.history = append(a.history, d)
	}
}

// confirm is one more attempt, with images of one digest. It says who approved, and
// with what comment.
func (a *attempts) confirm(t *testing.T, digest string) (string, error) {
	t.Helper()
	a.run.Attempt++
	req := request()
	req.Release.Images["backend"] = release.Digest("sha256:" + strings.Repeat(digest, 64))
	got, err := a.Confirm(t.Context(), a.books, req, new(release.Findings))
	if err := got.Bind(t.Context(), a.books); err != nil {
		t.Fatal(err)
	}
	if err != nil && (release.ExitStatus(err) != 1 || release.HintOf(err) == "") {
		t.Errorf("exit status %d, hint %q: %v", release.ExitStatus(err), release.HintOf(err), err)
	}
	return got.By + ": " + got.Comment, err
}

// An approval is for the images that were there: a re-run keeps it, other images
// void it, and nobody's decision but one that counts by itself settles that.
func TestAnApprovalIsForItsImages(t *testing.T) {
	t.Parallel()
	const void = "was for images "
	type attempt struct {
		decided, images, want string // who decided, or nobody; a name and comment, or a part of the error
	}
	for sentence, run := range map[string][]attempt{
		"a re-run keeps it":                                     {{"alice", "a", "alice: 1"}, {"", "a", "alice: 1"}},
		"other images void it, for ever":                        {{"alice", "a", "alice: 1"}, {"", "b", void}, {"", "b", void}, {"", "c", void}},
		"one more approval is for what is there now":            {{"alice", "a", "alice: 1"}, {"", "b", void}, {"alice", "b", "alice: 3"}, {"", "b", "alice: 3"}},
		"which is void with a third set":                        {{"alice", "a", "alice: 1"}, {"alice", "b", "alice: 2"}, {"", "c", void}},
		"images that were approved before stay so":              {{"alice", "a", "alice: 1"}, {"alice", "b", "alice: 2"}, {"", "a", "alice: 1"}},
		"another reviewer's is another's, with its own comment": {{"alice", "a", "alice: 1"}, {"bob", "b", "bob: 2"}, {"", "a", "alice: 1"}},
		"a bypass does not bring it back":                       {{"alice", "a", "alice: 1"}, {"", "b", void}, {"root", "b", "approved by root, who is not among"}, {"", "b", "approved by root"}},
		"nor who started the run":                               {{"alice", "a", "alice: 1"}, {"erin", "b", "approved by erin, who started"}, {"", "b", "approved by erin, who started"}},
		"nor a machine":                                         {{"alice", "a", "alice: 1"}, {"deploy[bot]", "b", "who is nobody"}},
		"a bypass of images that were approved is not needed":   {{"alice", "a", "alice: 1"}, {"root", "a", "alice: 1"}, {"", "b", void}},
		"nor does a second approval outlive its images":         {{"alice", "a", "alice: 1"}, {"bob", "a", "bob: 2"}, {"", "b", void}},
		"a refused one is not kept for other images":            {{"root", "a", "approved by root"}, {"", "b", void}, {"alice", "b", "alice: 3"}},
		"a rejection is not settled by a bypass":                {{"alice", "a", "alice: 1"}, {"-bob", "a", "rejected by bob"}, {"root", "a", "approved by root"}, {"", "a", "rejected by bob"}, {"alice", "a", "alice: 5"}, {"", "a", "alice: 5"}},
		"each rejection is seen":                                {{"alice", "a", "alice: 1"}, {"-bob", "a", "rejected by bob"}, {"bob", "a", "bob: 3"}, {"-bob", "a", "rejected by bob"}},
	} {
		for order, first := range map[string]bool{"newest last": false, "newest first": true} {
			t.Run(sentence+", "+order, func(t *testing.T) {
				t.Parallel()
				a := attempted()
				a.qa(func(e *signoff.Environment) { e.Users = []string{"alice", "bob", "erin"} })
				for i, step := range run {
					if who, rejects := strings.CutPrefix(step.decided, "-"); who != "" {
						a.decide(who, map[bool]string{false: "approved", true: "rejected"}[rejects], fmt.Sprint(i+1), first)
					}
					got, err := a.confirm(t, step.images)
					if err != nil {
						got = err.Error()
					}
					if !strings.Contains(got, step.want) || err != nil && strings.HasPrefix(step.want, "alice: ") {
						t.Errorf("attempt %d: %s, want %s", i+1, got, step.want)
					}
				}
			})
		}
	}
}

// Decisions that are alike are counted, since nothing else tells them apart.
func TestAlikeDecisionsAreCounted(t *testing.T) {
	t.Parallel()
	a := attempted()
	for i, digest := range []string{"a", "a", "b"} {
		a.decide("alice", "approved", "ok", false)
		if _, err := a.confirm(t, digest); err != nil || len(a.notes) != i+1 {
			t.Errorf("approval %d: %v, %d notes", i+1, err, len(a.notes))
		}
	}
	if _, err := a.confirm(t, "c"); err == nil {
		t.Error("three approvals of other images count")
	}
	if _, err := a.confirm(t, "a"); err != nil || len(a.notes) != 3 {
		t.Errorf("as at first: %v, %d notes", err, len(a.notes))
	}
}

// A shift leaves out what was decided before it, and still reads the note of the
// decision that is like one of those.
func TestADecisionLikeOneThatDoesNotCountIsAnotherOne(t *testing.T) {
	t.Parallel()
	a := attempted()
	for _, digest := range []string{"a", "b"} { // attempt 1 for these images, and attempt 2 for others
		a.decide("alice", "approved", "ok", false)
		if _, err := a.confirm(t, digest); err != nil {
			t.Fatal(err)
		}
	}
	req := request()
	req.Release.Images["backend"], req.Past = release.Digest("sha256:"+strings.Repeat("b", 64)), a.history[:1]
	if got, err := a.Confirm(t.Context(), a.books, req, new(release.Findings)); err != nil || got.By != "alice" {
		t.Errorf("attempt 2: %+v, %v", got, err)
	}
	req.Past = a.history
	if _, err := a.Confirm(t.Context(), a.books, req, new(release.Findings)); err == nil {
		t.Error("what does not count counts")
	}
}

// What is written down in one attempt is what the next one reads, with its time.
func TestABindingIsReadBack(t *testing.T) {
	t.Parallel()
	source := approved()
	confirm := func() signoff.Approval {
		approval, err := signoff.Settings{}.Confirm(t.Context(), source, request(), new(release.Findings))
		if err != nil {
			t.Fatal(err)
		}
		return approval
	}
	first := confirm()
	if err := first.Bind(t.Context(), source); err != nil || len(source.notes) != 1 || !first.At.IsZero() {
		t.Fatalf("notes %v, at %v: %v", source.notes, first.At, err)
	}
	written := regexp.MustCompile("^images " + signoff.Code(images()) + ", decision [0-9a-f]{16} of run 77; signed off by alice$")
	if text := source.notes[0].Text; !written.MatchString(text) {
		t.Errorf("written down as %q", text)
	}
	if again := confirm(); !again.At.Equal(noon) || len(again.Bindings) > 0 {
		t.Errorf("at %v, to be written %v", again.At, again.Bindings)
	}
	source.broken = errors.New("down")
	if err := first.Bind(t.Context(), source); release.ExitStatus(err) != 3 {
		t.Errorf("a note that cannot be written: %v", err)
	}
}

// GitHub cuts what is longer.
func TestABindingFitsIntoAState(t *testing.T) {
	t.Parallel()
	b := signoff.Binding{Run: 1e18 - 1, Code: signoff.Code(images()), Decision: strings.Repeat("f", 16), By: strings.Repeat("a", 39)}
	if n := len(b.String()); n > 140 {
		t.Errorf("%d characters", n)
	}
}

// Notes of another run, and of another tool, bind nothing.
func TestWhatOthersWroteBindsNothing(t *testing.T) {
	t.Parallel()
	a := attempted()
	a.decide("alice", "approved", "ok", false)
	if _, err := a.confirm(t, "b"); err != nil {
		t.Fatal(err)
	}
	text := a.notes[0].Text
	for _, note := range []string{strings.Replace(text, "run 77", "run 78", 1), strings.Replace(text, "run 77", "run 770", 1), "images ffffffffffff", "deployed by hand"} {
		a.notes[0].Text = note
		if _, err := a.confirm(t, "a"); err != nil {
			t.Errorf("%s: %v", note, err)
		}
		a.notes = a.notes[:1]
	}
}

// In one attempt a rejection is the last word, whoever approves beside it.
func TestARejectionOfTheFirstAttemptStands(t *testing.T) {
	t.Parallel()
	a := attempted()
	a.decide("alice", "approved", "ok", false)
	a.decide("bob", "rejected", "no", false)
	if _, err := a.confirm(t, "a"); err == nil || !strings.Contains(err.Error(), `rejected by bob: "no"`) || len(a.notes) > 0 {
		t.Errorf("%v, notes %v", err, a.notes)
	}
}

// Where an attempt was killed before all was written, the next one says the same.
func TestHalfABindingIsCompleted(t *testing.T) {
	t.Parallel()
	a := attempted()
	a.decide("bob", "rejected", "no", false)
	if _, err := a.confirm(t, "a"); err == nil {
		t.Fatal("it was rejected")
	}
	a.decide("alice", "approved", "ok", false)
	a.decide("root", "approved", "now", false)
	if _, err := a.confirm(t, "a"); err != nil || len(a.notes) != 3 {
		t.Fatalf("%v, notes %v", err, a.notes)
	}
	whole := a.notes
	for n := range whole {
		a.notes = slices.Clone(whole[:n])
		if got, err := a.confirm(t, "a"); err != nil || got != "alice: ok" || !slices.EqualFunc(a.notes, whole, func(x, y signoff.Note) bool { return x.Text == y.Text }) {
			t.Errorf("after %d notes: %s, %v, notes %v", n, got, err, a.notes)
		}
	}
}

// An approval that was refused is written down, once. It may count for its images where
// the rules change, and for no others.
func TestAnApprovalThatIsRefusedIsBound(t *testing.T) {
	t.Parallel()
	a := attempted()
	a.decide("root", "approved", "now", false)
	for range 2 {
		if _, err := a.confirm(t, "a"); err == nil {
			t.Error("a bypass counts")
		}
	}
	if len(a.notes) != 1 || !strings.HasSuffix(a.notes[0].Text, " of run 77; not counted") {
		t.Errorf("notes %v", a.notes)
	}
	a.Settings = signoff.Settings{AllowBypass: true}
	if _, err := a.confirm(t, "b"); err == nil || !strings.Contains(err.Error(), "was for images") {
		t.Errorf("other images: %v", err)
	}
	if _, err := a.confirm(t, "a"); err != nil || len(a.notes) != 2 || !strings.HasSuffix(a.notes[1].Text, "signed off by root") {
		t.Errorf("the same images: %v, notes %v", err, a.notes)
	}
}

// Whoever approved may run the failed jobs again, and nobody approves an attempt of
// one's own.
func TestWhoApprovedMayRunItAgain(t *testing.T) {
	t.Parallel()
	for sentence, test := range map[string]struct {
		first, second  string // who approves which attempt, if anybody
		trigger, actor string // who runs it again
		want           string
	}{
		"alice approved, and runs it again":           {"alice", "", "alice", "erin", "alice: 1"},
		"nothing was kept":                            {"", "alice", "alice", "erin", "approved by alice, who started the run"},
		"what was refused is not kept":                {"root", "", "root", "erin", "approved by root, who started the run"},
		"another one's is kept, and hers not counted": {"bob", "alice", "alice", "erin", "bob: 1"},
		"she started the run":                         {"alice", "", "erin", "alice", "approved by alice, who started the run"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			a := attempted()
			a.qa(func(e *signoff.Environment) { e.Users = []string{"alice", "bob"} })
			for i, by := range []string{test.first, test.second} {
				if by != "" {
					a.decide(by, "approved", fmt.Sprint(i+1), false)
				}
				if i == 0 {
					_, _ = a.confirm(t, "a") // the next one is looked at
					a.run.Actor, a.run.Trigger = test.actor, test.trigger
				}
			}
			a.Settings = signoff.Settings{AllowBypass: true}
			got, err := a.confirm(t, "a")
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, test.want) {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

func TestABypassThatCountsIsNamed(t *testing.T) {
	t.Parallel()
	source := approved()
	source.history[0].By = "root"
	var findings release.Findings
	approval, err := signoff.Settings{AllowBypass: true}.Confirm(t.Context(), source, request(), &findings)
	if err != nil || !strings.Contains(approval.Bypass, "an administrator's bypass") {
		t.Fatalf("%+v, %v", approval, err)
	}
	for _, e := range findings.List() {
		if !strings.Contains(e.Observed, "root (who is not among its reviewers") {
			t.Errorf("%s: %s", e.ID, e.Observed)
		}
	}
	source.qa(func(e *signoff.Environment) { e.Users, e.Teams, e.BypassAllowed = nil, []string{"testers"}, true })
	if approval, err = (signoff.Settings{AllowBypass: true}).Confirm(t.Context(), source, request(), &findings); err != nil || !strings.Contains(approval.Bypass, "a member of testers, or") {
		t.Errorf("%+v, %v", approval, err)
	}
}

func TestWhoIsAskedWhen(t *testing.T) {
	t.Parallel()
	none := signoff.Settings{Roles: []signoff.Role{}}
	own := signoff.Settings{Roles: []signoff.Role{{Name: "legal", Before: signoff.Shift}, {Name: "half", Before: signoff.Step}, {Name: "qa", Before: signoff.Shift}}}
	for _, test := range []struct {
		settings signoff.Settings
		phase    signoff.Phase
		want     []string
	}{
		{signoff.Settings{}, signoff.Migrate, []string{"development", "devops"}},
		{signoff.Settings{}, signoff.Shift, []string{"qa", "live"}},
		{signoff.Settings{}, signoff.Step, []string{}},
		{signoff.Settings{}, signoff.Finalize, []string{"product"}},
		{none, signoff.Migrate, []string{}},
		{own, signoff.Shift, []string{"legal", "qa"}},
		{own, signoff.Step, []string{"half"}},
		{own, signoff.Finalize, []string{}},
	} {
		if got := test.settings.Before(test.phase); got == nil || !slices.Equal(got, test.want) {
			t.Errorf("before %s: %v, want %v", test.phase, got, test.want)
		}
		without, with := test.phase.Look(false), test.phase.Look(true)
		if len(without) == 0 || strings.Contains(strings.Join(without, " "), "Preview") || strings.Contains(strings.Join(with, " "), "X-Bluegreen-Preview") != (test.phase == signoff.Shift) {
			t.Errorf("before %s there is %q to look at, and with a preview %q", test.phase, without, with)
		}
	}
}

func TestWhatAnEnvironmentSaysOfItself(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		settings signoff.Settings
		env      signoff.Environment
		want     string
	}{
		{signoff.Settings{}, signoff.Environment{Users: []string{"alice"}, Teams: []string{"ops"}, SelfReviewPrevented: true}, "it asks alice or team ops, and not whoever started the run"},
		{signoff.Settings{}, signoff.Environment{Users: []string{"alice"}, BypassAllowed: true}, "it asks alice; administrators may bypass it, which signoff then refuses"},
		{signoff.Settings{AllowSelfReview: true, AllowBypass: true}, signoff.Environment{Users: []string{"alice"}, BypassAllowed: true}, "it asks alice; administrators may bypass it, and that counts"},
	} {
		if got := test.settings.Asks(test.env); got != test.want {
			t.Errorf("%s\nwant %s", got, test.want)
		}
	}
}

func TestPerson(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{"alice": true, "team/release-crew": true, "emu_user": true, "": false, "team/": false, "a b": false, "org/team": false, "-x": false} {
		var p signoff.Person
		if err := p.UnmarshalText([]byte(text)); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
	if slug, ok := signoff.Person("team/ops").Team(); slug != "ops" || !ok {
		t.Error("team/ops is no team")
	}
}
