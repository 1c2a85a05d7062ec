package checklist_test

import (
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/checklist"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// by is a form in which qa approved with a comment, before the shift.
func by(comment string) checklist.Form {
	return checklist.Form{Approvals: []checklist.Approval{{Role: "qa", Before: "shift", By: "alice", Approved: true, Comment: comment, At: noon}}}
}

// before is the same at another time.
func before(phase, comment string) checklist.Form {
	f := by(comment)
	f.Approvals[0].Before = phase
	return f
}

func TestWhatPeopleSay(t *testing.T) {
	t.Parallel()
	none := func(id, reason string) checklist.Form {
		return checklist.Form{NotApplicable: map[string]string{id: reason}}
	}
	rejected := by("confirm 6.2.18: no")
	rejected.Approvals[0].Approved = false
	tests := map[string]struct {
		form     checklist.Form
		evidence []release.Evidence
		id       string
		want     checklist.Standing
		says     string
	}{
		"a confirmation signs an item off":           {by("confirm 6.2.18: sent a mail"), nil, "6.2.18", checklist.SignedOff, "alice (qa) confirmed: sent a mail; without them: "},
		"among other lines, in any case":             {by("fine\r\n- Confirmed b.8.V4, 6.2.18 : saw it\r\nbye"), nil, "B.8.v4", checklist.SignedOff, "confirmed: saw it;"},
		"the second of two":                          {by("confirm B.8.v4 6.2.18: saw it"), nil, "6.2.18", checklist.SignedOff, "saw it"},
		"the last of three":                          {by("confirms B.8.v4, 6.2.19 and 6.2.18: saw it"), nil, "6.2.18", checklist.SignedOff, "saw it"},
		"and what sums it up":                        {by("confirm B.7.v4: saw it"), nil, "6.2.20", checklist.SignedOff, ""},
		"without a word of what was seen it is none": {by("confirm 6.2.18:  "), nil, "6.2.18", checklist.NotShown, ""},
		"in the middle of a sentence it is none":     {by("I cannot confirm 6.2.18: no access"), nil, "6.2.18", checklist.NotShown, ""},
		"an item that is left out is not confirmed":  {by("Confirmed all but 6.2.18: mail was not sent"), nil, "6.2.18", checklist.NotShown, ""},
		"nor one that does not work":                 {by("confirm 6.2.18 does not work: see ticket 7"), nil, "6.2.18", checklist.NotShown, ""},
		"nor one beside a word":                      {by("confirm 6.2.18, 6.2.19 not: see ticket 7"), nil, "6.2.18", checklist.NotShown, ""},
		"of somebody who rejected it is none":        {rejected, nil, "6.2.18", checklist.NotShown, ""},
		"it heals no failure":                        {by("confirm 6.2.18: it is fine"), []release.Evidence{shown("6.2.18", release.Failed, 0)}, "6.2.18", checklist.Failed, "saw 6.2.18"},
		"it hides no observation":                    {by("confirm 6.2.18: it is fine"), []release.Evidence{shown("6.2.18", release.Passed, 0)}, "6.2.18", checklist.Passed, "saw 6.2.18"},
		"what the tool shows it does not":            {by("confirm A.1.1: it is fine"), nil, "A.1.1", checklist.NotShown, ""},
		"nor what a check could not tell":            {by("confirm B.8.v4: it is fine"), []release.Evidence{shown("B.8.v4", release.NotShown, 0)}, "B.8.v4", checklist.NotShown, "saw B.8.v4"},
		"nor what sums up others":                    {by("confirm 6.2.20: it is fine"), nil, "6.2.20", checklist.NotShown, ""},
		"nor what comes later":                       {before("migrate", "confirm 6.2.18: it is fine"), nil, "6.2.18", checklist.NotShown, ""},
		"such as all the traffic":                    {by("confirm D.3.f3: it is fine"), nil, "D.3.f3", checklist.NotShown, ""},
		"in the middle of a shift as well":           {before("step", "confirm 1.6.p4: it is fine"), nil, "1.6.p4", checklist.NotShown, ""},
		"and ever, where nobody knows when it was":   {before("", "confirm A.3.4: it is fine"), nil, "A.3.4", checklist.NotShown, ""},
		"what came before it may":                    {before("migrate", "confirm A.3.4: all are set"), nil, "A.3.4", checklist.SignedOff, ""},
		"whoever sees all the traffic may tell":      {before("finalize", "confirm D.3.f3: got a mail"), nil, "D.3.f3", checklist.SignedOff, ""},
		"it is no sign-off of another role":          {by("confirm 7.1.17: yes"), nil, "7.1.17", checklist.NotShown, "as product"},
		"it fills in no form":                        {by("confirm 7.2.st: yes"), nil, "7.2.st", checklist.NotShown, "OPEN"},
		"what does not apply has its reason":         {none("6.2.18", "mail leaves by SMTP"), nil, "6.2.18", checklist.NotApplicable, "mail leaves by SMTP"},
		"so has what this release does not have":     {checklist.Form{}, []release.Evidence{shown("B.2.v4", release.NotApplicable, 0)}, "B.2.v4", checklist.NotApplicable, "in this release: saw B.2.v4"},
		"and what refers to it":                      {checklist.Form{}, []release.Evidence{shown("B.2.v4", release.NotApplicable, 0)}, "6.2.2", checklist.NotApplicable, "nothing of what it sums up"},
		"but nobody can skip a sign-off":             {checklist.Form{}, []release.Evidence{shown("A.2.6", release.NotApplicable, 0)}, "A.2.6", checklist.NotShown, ""},
		"but what was observed counts":               {none("A.1.1", "no main"), []release.Evidence{shown("A.1.1", release.Failed, 0)}, "A.1.1", checklist.Failed, ""},
		"and a sign-off always applies":              {none("7.1.1", "nobody has time"), nil, "7.1.1", checklist.NotShown, ""},
		"a part that does not apply is no gap":       {none("A.1.s2b", "no registry"), []release.Evidence{shown("A.1.s2a", release.Passed, 0)}, "6.1.4", checklist.Passed, ""},
		"where no part applies the whole does not":   {none("A.1.1", "no main"), nil, "6.1.1", checklist.NotApplicable, "nothing of what it sums up"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := checklist.New(tt.evidence, tt.form)
			l, _ := d.Checklist.Line(tt.id)
			if got := d.Standing(l); got != tt.want || !strings.Contains(l.Observed, tt.says) {
				t.Errorf("%s is %s: %s; want %s: %s", tt.id, got, l.Observed, tt.want, tt.says)
			}
		})
	}
}

// Whoever confirms something is told why it does not count.
func TestAConfirmationThatDoesNotCountIsAnIssue(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		form checklist.Form
		want string // no issue when empty
	}{
		"one that counts":                    {by("confirm 6.2.18: sent a mail"), ""},
		"a sentence about something else":    {by("Confirmed by phone with Bob: ok"), ""},
		"a sentence that denies an item":     {by("Confirmed all but 6.2.18: mail was not sent"), `alice (qa) wrote "Confirmed all but 6.2.18: mail was not sent", which confirms nothing: want ids`},
		"ids without what was seen":          {by("* confirm 6.2.18, 6.2.19"), `"* confirm 6.2.18, 6.2.19", which confirms nothing`},
		"an id that the plan does not have":  {by("confirm 9.9.9: seen"), "confirmed 9.9.9, which does not count: it is no item of the plan"},
		"an item of the tool":                {by("confirm A.1.1: seen"), "preflight shows it, or nobody does"},
		"an item that a check has looked at": {checked(), "a check has looked: could not tell"},
		"an item that has failed":            {checked(), "it has failed: no mail"},
		"an item that sums up others":        {by("confirm 6.2.20: seen"), "only a person sees: B.7.v4"},
		"a sign-off":                         {by("confirm A.2.5: yes"), "a sign-off and its form are their role's alone"},
		"an item that no release shows":      {by("confirm B.2.r1: yes"), "no release has to show it"},
		"an item of a time that comes":       {before("migrate", "confirm D.3.f3: seen"), "it is of finalize, which ran after this approval"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := checklist.New([]release.Evidence{
				{ID: "B.8.v4", Status: release.NotShown, Observed: "could not tell"}, {ID: "6.2.17", Status: release.Failed, Observed: "no mail"},
			}, tt.form)
			if issues := strings.Join(d.Form.Issues, "\n"); (issues == "") != (tt.want == "") || !strings.Contains(issues, tt.want) {
				t.Errorf("issues %q, want %q", issues, tt.want)
			}
		})
	}
}

// checked confirms what a check has said something else of.
func checked() checklist.Form { return by("confirm B.8.v4, 6.2.17: seen") }

func TestAConfirmationHasItsTime(t *testing.T) {
	t.Parallel()
	d := checklist.New(nil, by("confirm 6.2.18: sent a mail"))
	if l, _ := d.Checklist.Line("6.2.18"); !l.At.Equal(noon) {
		t.Errorf("confirmed at %v", l.At)
	}
}

// Of two, the first whose word counts is the one that the record names.
func TestTheFirstWordThatCountsIsNamed(t *testing.T) {
	t.Parallel()
	f := before("migrate", "confirm 6.2.18: too early")
	f.Approvals = append(f.Approvals, by("confirm 6.2.18: sent a mail").Approvals[0])
	if l, _ := checklist.New(nil, f).Checklist.Line("6.2.18"); !strings.Contains(l.Observed, "sent a mail") {
		t.Error(l.Observed)
	}
}

func TestIDsOfWhatDoesNotApplyHaveAnyCase(t *testing.T) {
	t.Parallel()
	excused := checklist.Settings{NotApplicable: map[string]string{"b.7.S5": "no SES", "9.9.9": "none"}}.Excused()
	if len(excused) != 2 || excused["B.7.s5"] != "no SES" || excused["9.9.9"] != "none" {
		t.Errorf("%q", excused)
	}
}

func TestSettingsRefuseWhatSaysNothing(t *testing.T) {
	t.Parallel()
	err := checklist.Settings{NotApplicable: map[string]string{"6.2.18": " ", "7.2.t1": "no lead", "a.2.6": "no UAT", "1.2.p5": "no SES"}}.Check()
	for _, want := range []string{"not-applicable 6.2.18: want the reason", "not-applicable 7.2.t1: the sign-offs and their form always apply", "not-applicable a.2.6: the sign-offs"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
	if err != nil && strings.Contains(err.Error(), "1.2.p5") {
		t.Errorf("refused what has a reason: %v", err)
	}
}
