package signoff_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/signoff"
)

func TestWhatIsWantedOfAnEnvironment(t *testing.T) {
	t.Parallel()
	settings := signoff.Settings{Roles: []signoff.Role{{Name: "qa", Before: signoff.Shift, Asked: []signoff.Person{"alice", "team/ops"}}, {Name: "live", Before: signoff.Shift}}}
	main := []signoff.Ref{{Pattern: "main"}}
	there := func(name string, change func(*signoff.Setup)) signoff.Setup {
		s := signoff.Setup{Exists: true, Environment: signoff.Environment{Name: name}}
		if change != nil {
			change(&s)
		}
		return s
	}
	for sentence, test := range map[string]struct {
		have signoff.Setup
		wish signoff.Wish
		want string // the changes, or the problem
	}{
		"the target asks nobody": {there("production", func(s *signoff.Setup) { s.Reviewed, s.Users, s.Wait = true, []string{"bob"}, time.Minute }), signoff.Wish{},
			"required reviewers: nobody, not bob; wait timer: 0s, not 1m0s"},
		"a rule of an app is removed by hand": {there("production", func(s *signoff.Setup) { s.Others = []string{"the rule datadog"} }), signoff.Wish{}, "by hand: remove the rule datadog"},
		"a role's may have one": {there("production-live", func(s *signoff.Setup) {
			s.Users, s.SelfReviewPrevented, s.Others = []string{"bob"}, true, []string{"the rule datadog"}
		}), signoff.Wish{}, ""},
		"one that is not there is made": {signoff.Setup{Environment: signoff.Environment{Name: "production", BypassAllowed: true}}, signoff.Wish{}, "create it"},
		"a role's asks those that are named": {there("production-qa", nil), signoff.Wish{},
			"required reviewers: alice team/ops, not nobody; self-review: prevented, not allowed"},
		"names have no case and no order": {there("production-qa", func(s *signoff.Setup) {
			s.Teams, s.Users, s.SelfReviewPrevented = []string{"ops"}, []string{"Alice"}, true
		}), signoff.Wish{}, ""},
		"who is there stays when nobody is named": {there("production-live", func(s *signoff.Setup) { s.Users, s.SelfReviewPrevented = []string{"bob"}, true }), signoff.Wish{}, ""},
		"nobody there and nobody named":           {there("production-live", nil), signoff.Wish{}, "role live: nobody is named"},
		"the wait timer of a role's stays":        {there("production-live", func(s *signoff.Setup) { s.Users, s.SelfReviewPrevented, s.Wait = []string{"bob"}, true, time.Hour }), signoff.Wish{}, ""},
		"what deploys stays when it is not said":  {there("production", func(s *signoff.Setup) { s.Protected = true }), signoff.Wish{}, ""},
		"what deploys is said":                    {there("production", func(s *signoff.Setup) { s.Protected = true }), signoff.Wish{Refs: main}, "deployed to from: branches main, not protected branches"},
		"nothing deploys to it":                   {there("production", func(s *signoff.Setup) { s.Refs = []signoff.Ref{} }), signoff.Wish{Refs: main}, "deployed to from: branches main, not nowhere"},
		"a tag is no branch":                      {there("production", func(s *signoff.Setup) { s.Refs = main }), signoff.Wish{Refs: []signoff.Ref{{Tag: true, Pattern: "main"}}}, "deployed to from: tags main, not branches main"},
		"other variables stay":                    {there("production", func(s *signoff.Setup) { s.Variables = map[string]string{"A": "1", "B": "2"} }), signoff.Wish{Variables: map[string]string{"B": "3", "C": ""}}, `variable B: "3"; variable C: ""`},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			test.wish.Target = "production"
			want, err := settings.Want(test.wish, test.have)
			if err != nil {
				if test.want == "" || !strings.Contains(err.Error(), test.want) {
					t.Errorf("error %v, want %q", err, test.want)
				}
				return
			}
			if got := strings.Join(signoff.Changes(test.have, want), "; "); got != test.want {
				t.Errorf("%s\nwant %s", got, test.want)
			}
		})
	}
	if got := settings.Names(signoff.Wish{Target: "staging"}); !slices.Equal(got, []string{"staging-qa", "staging-live", "staging"}) {
		t.Errorf("environments %v", got)
	}
}
