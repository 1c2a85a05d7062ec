package signoff_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/signoff"
)

const other = "ffffffffffff"

func bound(approvals int, run int64, code string) string {
	return signoff.Binding{Run: run, Approvals: approvals, Code: code, By: "alice"}.String()
}

func refused(approvals int, code string) string {
	return signoff.Binding{Run: 77, Approvals: approvals, Code: code}.String()
}

// An approval is for the images that were there: a re-run keeps it, other images
// void it, and one more approval settles that.
func TestAnApprovalIsForItsImages(t *testing.T) {
	t.Parallel()
	code := signoff.Code(images())
	again := signoff.Decision{Environment: "production-qa", State: "approved", By: "alice"}
	for sentence, test := range map[string]struct {
		notes []string
		more  []signoff.Decision
		want  string
	}{
		"nothing was written down yet":                        {nil, nil, ""},
		"a re-run keeps it":                                   {[]string{bound(1, 77, code)}, nil, ""},
		"other images void it":                                {[]string{bound(1, 77, other)}, nil, "was for images " + other + ", and this release has images " + code},
		"one more approval is for what is there now":          {[]string{bound(1, 77, other)}, []signoff.Decision{again}, ""},
		"which is void again with a third set":                {[]string{bound(1, 77, other), bound(2, 77, "eeeeeeeeeeee")}, []signoff.Decision{again}, "was for images eeeeeeeeeeee"},
		"images that were approved before stay so":            {[]string{bound(2, 77, other), bound(1, 77, code)}, []signoff.Decision{again}, ""},
		"one that was refused is not kept for other images":   {[]string{refused(1, other)}, nil, "was for images " + other},
		"one that was refused for these images may count now": {[]string{refused(1, code)}, nil, ""},
		"one that was refused opens nothing for the next one": {[]string{refused(1, code), bound(2, 77, other)}, []signoff.Decision{again}, "was for images " + other},
		"another run's approval is another's":                 {[]string{bound(1, 78, other)}, nil, ""},
		"what others wrote there says nothing":                {[]string{"images ffffffffffff", "deployed by hand", "images ffffffffffff, approval 1, rejection 0 of run 770; refused"}, nil, ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			source := approved()
			source.notes, source.history = test.notes, append(source.history, test.more...)
			var findings release.Findings
			_, err := signoff.Settings{}.Confirm(t.Context(), source, request(), &findings)
			if (err == nil) != (test.want == "") || err != nil && (!strings.Contains(err.Error(), test.want) || release.HintOf(err) == "" || release.ExitStatus(err) != 1) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

// What is written down in one attempt is what the next one reads.
func TestABindingIsReadBack(t *testing.T) {
	t.Parallel()
	source := approved()
	confirm := func(digest string) error {
		req := request()
		req.Release.Images["backend"] = release.Digest("sha256:" + strings.Repeat(digest, 64))
		approval, err := signoff.Settings{}.Confirm(t.Context(), source, req, new(release.Findings))
		if err != nil {
			return err
		}
		return approval.Bind(t.Context(), source)
	}
	if err := errors.Join(confirm("a"), confirm("a")); err != nil {
		t.Fatal(err)
	}
	if err := confirm("b"); release.ExitStatus(err) != 1 {
		t.Errorf("other images: %v", err)
	}
	if len(source.notes) != 2 || !strings.HasSuffix(source.notes[0], "approval 1, rejection 0 of run 77; signed off by alice") {
		t.Errorf("notes %q", source.notes)
	}
	source.history = append(source.history, source.history[0])
	if err := errors.Join(confirm("b"), confirm("b"), confirm("a")); err != nil {
		t.Errorf("after one more approval: %v", err)
	}
	approval, err := signoff.Settings{}.Confirm(t.Context(), source, request(), new(release.Findings))
	if err != nil {
		t.Fatal(err)
	}
	source.broken = errors.New("down")
	if err := approval.Bind(t.Context(), source); release.ExitStatus(err) != 3 {
		t.Errorf("a note that cannot be written: %v", err)
	}
}

// An approval of an earlier attempt does not outlive a rejection, which runs no job
// that could write it down.
func TestARejectionAfterAnApprovalStands(t *testing.T) {
	t.Parallel()
	source := approved()
	confirm := func() error {
		source.run.Attempt++
		approval, err := signoff.Settings{}.Confirm(t.Context(), source, request(), new(release.Findings))
		return errors.Join(err, approval.Bind(t.Context(), source))
	}
	decide := func(state string) {
		source.history = append([]signoff.Decision{{Environment: "production-qa", State: state, By: "alice", Comment: "no"}}, source.history...)
	}
	source.run.Attempt = 0
	if err := confirm(); err != nil {
		t.Fatal(err)
	}
	decide("rejected")
	for range 2 {
		if err := confirm(); err == nil || !strings.Contains(err.Error(), `rejected by alice: "no"`) {
			t.Errorf("rejected since: %v", err)
		}
	}
	decide("approved")
	if err := errors.Join(confirm(), confirm()); err != nil {
		t.Errorf("approved since: %v", err)
	}
	decide("rejected")
	if err := confirm(); err == nil {
		t.Error("a second rejection is not seen")
	}
}

// An approval that was refused is written down, once, so that it cannot count for
// images that nobody has seen.
func TestAnApprovalThatIsRefusedIsBound(t *testing.T) {
	t.Parallel()
	source := approved()
	source.history[0].By = "root"
	confirm := func(settings signoff.Settings, digest string) error {
		req := request()
		req.Release.Images["backend"] = release.Digest("sha256:" + strings.Repeat(digest, 64))
		approval, err := settings.Confirm(t.Context(), source, req, new(release.Findings))
		return errors.Join(err, approval.Bind(t.Context(), source))
	}
	lenient := signoff.Settings{AllowBypass: true}
	for range 2 {
		if err := confirm(signoff.Settings{}, "a"); release.ExitStatus(err) != 1 {
			t.Errorf("a bypass: %v", err)
		}
	}
	if want := []string{refused(1, signoff.Code(images()))}; !slices.Equal(source.notes, want) {
		t.Errorf("notes %q, want %q", source.notes, want)
	}
	for range 2 {
		if err := confirm(lenient, "b"); err == nil || !strings.Contains(err.Error(), "was for images") {
			t.Errorf("other images: %v", err)
		}
	}
	if err := confirm(lenient, "a"); err != nil {
		t.Errorf("the same images: %v", err)
	}
}

// Whoever approved may run the failed jobs again, and nobody approves an attempt of
// one's own.
func TestWhoApprovedMayRunItAgain(t *testing.T) {
	t.Parallel()
	code := signoff.Code(images())
	for sentence, test := range map[string]struct {
		note, trigger, actor string
		good                 bool
	}{
		"alice approved, and runs it again":       {bound(1, 77, code), "alice", "erin", true},
		"an approval of other images is not kept": {bound(1, 77, other), "alice", "erin", false},
		"nothing was kept":                        {"", "alice", "erin", false},
		"what was refused is not kept":            {refused(1, code), "alice", "erin", false},
		"another one's was":                       {signoff.Binding{Run: 77, Approvals: 1, Code: code, By: "bob"}.String(), "alice", "erin", false},
		"she started the run":                     {bound(1, 77, code), "erin", "alice", false},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			source := approved()
			source.notes = []string{test.note}
			source.run = signoff.Run{ID: 77, Attempt: 2, Commit: commit, Actor: test.actor, Trigger: test.trigger}
			_, err := signoff.Settings{}.Confirm(t.Context(), source, request(), new(release.Findings))
			if (err == nil) != test.good {
				t.Errorf("got %v", err)
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
		if len(test.phase.Look()) == 0 {
			t.Errorf("before %s there is nothing to look at", test.phase)
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
		{signoff.Settings{}, signoff.Environment{Users: []string{"alice"}, BypassAllowed: true}, "it asks alice; it lets whoever started the run approve, which signoff then refuses; administrators may bypass it, which signoff then refuses"},
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
