package audit_test

import (
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/audit"
	"github.com/bluegreen-actions/bluegreen/internal/checklist"
	"github.com/bluegreen-actions/bluegreen/internal/course"
	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/runner/runnertest"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

var update = flag.Bool("update", false, "write the golden files")

func html(t *testing.T, d checklist.Document) string {
	t.Helper()
	page, err := audit.HTML(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// brief keeps one section of each part of the plan, and no line that says the
// time of the test.
func brief(d checklist.Document) checklist.Document {
	d.Checklist.Lines = slices.DeleteFunc(d.Checklist.Lines, func(l checklist.Line) bool {
		return !slices.Contains([]string{"1.1 Blue-green concept", "6.1 Pre-deployment: testing", "7.2 Sign-off form: approvals"}, l.Section)
	})
	return d
}

func returned() release.Record {
	r := record
	r.Shifted = &release.Shifted{RolledBack: true, At: at(10), Reason: "5xx"}
	return r
}

// bare is a page with its style beside it, so that a golden file holds what the page
// says, and can still be looked at.
func bare(page string) string {
	before, rest, _ := strings.Cut(page, "<style>")
	_, after, _ := strings.Cut(rest, "</style>")
	policy := regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^\n]*\n`)
	return policy.ReplaceAllString(before+`<link rel="stylesheet" href="../page.css">`+after, "")
}

// TestGolden shows a release that arrived and one that came back. The pages are
// there to be looked at, in a browser.
func TestGolden(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]checklist.Form{"arrived": form(record, shifted()), "returned": form(returned(), taken())} {
		got, path := bare(html(t, brief(document(t, evidence(nil), f)))), "testdata/"+name+".html"
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if diff := cmp.Diff(string(want), got); err != nil || diff != "" {
			t.Errorf("%v: %s differs; run the test with -update and look at the page: %s", err, path, diff)
		}
	}
}

func TestThePageLoadsAndRunsNothing(t *testing.T) {
	t.Parallel()
	d := document(t, evidence(nil), form(record, shifted()))
	page := html(t, d)
	_, rest, _ := strings.Cut(page, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	policy := fmt.Sprintf("default-src &#39;none&#39;; style-src &#39;sha256-%s&#39;", strings.ReplaceAll(base64.StdEncoding.EncodeToString(sum[:]), "+", "&#43;"))
	if !strings.Contains(page, policy) {
		t.Errorf("the policy does not name the style of the page, want %s in\n%.700s", policy, page)
	}
	if found := regexp.MustCompile(`(?i)<(script|link|img|iframe|object|embed|form|base)\b|\bon[a-z]+=|\bsrc=|\bstyle=|url\(|@import`).FindString(page); found != "" {
		t.Errorf("the page has %q", found)
	}
	if again := html(t, d); again != page {
		t.Error("two pages of one document differ")
	}
}

func TestEveryItemIsThereWithItsStatus(t *testing.T) {
	t.Parallel()
	d := document(t, evidence(nil), form(record, shifted()))
	page := html(t, d)
	for _, l := range d.Checklist.Lines {
		row := regexp.MustCompile(`<li class="([a-z-]+)"><span class="sign" aria-hidden="true">(.)</span><span class="id">` + regexp.QuoteMeta(l.ID) + `</span>`)
		m := row.FindAllStringSubmatch(page, -1)
		if len(m) != 1 || m[0][1] != strings.ReplaceAll(string(d.Standing(l)), " ", "-") {
			t.Fatalf("%s is %q in %q", l.ID, d.Standing(l), m)
		}
		if ticked := m[0][2] == "✓" || m[0][2] == "✎"; ticked != (l.Status == release.Passed || l.Status == release.SignedOff) {
			t.Errorf("%s is %q and has the sign %q", l.ID, l.Status, m[0][2])
		}
	}
}

func TestNothingIsTickedWithoutEvidence(t *testing.T) {
	t.Parallel()
	d := checklist.New(nil, checklist.Form{})
	page := html(t, d)
	for _, tick := range []string{`aria-hidden="true">✓`, `aria-hidden="true">✎`, "☑ Approved", "☑ APPROVED", "pill passed", "pill signed-off"} {
		if strings.Contains(page, tick) {
			t.Errorf("an empty record has %q", tick)
		}
	}
	if !strings.Contains(page, "No log of a shift was found") {
		t.Error("an empty record does not say that there is no log")
	}
}

// hostile is a document that says one text wherever something from outside
// stands.
func hostile(t *testing.T, text string) checklist.Document {
	log := shifted()
	log.Reason = text
	for i := range log.Events {
		log.Events[i].Text, log.Events[i].Kind = text, traffic.Kind(text)
	}
	for i := range log.Gates {
		log.Gates[i].Last.Reason = text
	}
	log.Gates[0].Rule = text
	for i := range log.Validation {
		log.Validation[i].What, log.Validation[i].Saw = text, text
	}
	log.Back = &traffic.Way{Reason: text}
	f := form(record, log)
	f.Release.Version, f.Release.Commit, f.Release.ID = release.Version(text), release.Commit(text), release.ID(text)
	f.Release.Backup = &release.Backup{Name: text}
	f.DeployedBy, f.RunURL = text, text
	f.Notes, f.Issues, f.PostDeploy = []string{text}, []string{text}, []string{text}
	for i := range f.Approvals {
		f.Approvals[i].By, f.Approvals[i].Comment = text, text+"x"
	}
	return brief(document(t, evidence(func(e *release.Evidence) { e.Observed = text }), f))
}

var tags = regexp.MustCompile(`</?[a-zA-Z][a-zA-Z0-9]*`)

func TestHostileTextStaysInItsPlace(t *testing.T) {
	t.Parallel()
	texts := runnertest.Hostile()
	texts["a script"] = `</td><script>alert(1)</script>`
	texts["an end of the style"] = `</style><script>alert(1)</script>`
	texts["an attribute"] = `" onmouseover="alert(1)" x="`
	texts["an address that runs"] = `javascript:alert(1)`
	texts["an address that breaks out"] = `https://x/" onclick="alert(1)`
	texts["a direction"] = "abc\u202edef\u2066"
	texts["a colour"] = "\x1b[31mred\x1b[0m"
	texts["very long"] = strings.Repeat("x", 100_000)
	harmless := html(t, hostile(t, "fine"))
	want := tags.FindAllString(harmless, -1)
	for name, text := range texts {
		if strings.TrimSpace(text) == "" {
			continue
		}
		got := html(t, hostile(t, text))
		links := strings.Count(got, "<a href") // an address may be a link
		shape := slices.DeleteFunc(tags.FindAllString(got, -1), func(tag string) bool { return strings.TrimPrefix(strings.TrimPrefix(tag, "<"), "/") == "a" })
		if diff := cmp.Diff(want, shape); diff != "" || strings.Count(got, `"`) != strings.Count(harmless, `"`)+4*links {
			t.Errorf("%s changes the page: %s", name, diff)
		}
		if i := strings.IndexFunc(got, live); i >= 0 {
			t.Errorf("%s leaves %q", name, got[i:i+4])
		}
		if strings.Contains(got, `href="javascript`) || len(got) > len(harmless)+1_500_000 {
			t.Errorf("%s is live, or too much: %d bytes", name, len(got))
		}
	}
}

func live(r rune) bool {
	return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r))
}

// A log may come from a machine with a wrong clock, or from somebody's editor.
func TestImpossibleCourses(t *testing.T) {
	t.Parallel()
	bend := map[string]func(*traffic.Log){
		"it ended before it began":  func(l *traffic.Log) { l.Ended = at(-100) },
		"it never ended":            func(l *traffic.Log) { l.Ended = time.Time{} },
		"it took ten thousand days": func(l *traffic.Log) { l.Ended = at(14_400_000) },
		"it began in the year 1":    func(l *traffic.Log) { l.Steps[0].Set = time.Time{}.Add(1) },
		"a weight of 900":           func(l *traffic.Log) { l.Steps[1].Step.Weight = 900 },
		"a verdict of 77":           func(l *traffic.Log) { l.Gates[0].Turns[0].Verdict = gate.Verdict(77) },
		"no step":                   func(l *traffic.Log) { l.Steps = nil },
		"no time at all":            func(l *traffic.Log) { l.Ended = l.Steps[2].Set },
		"turns out of order":        func(l *traffic.Log) { slices.Reverse(l.Gates[1].Turns) },
	}
	for name, change := range bend {
		log := shifted()
		change(&log)
		page := html(t, brief(document(t, nil, form(record, log))))
		for _, m := range regexp.MustCompile(` (?:x|y|x1|x2|width|height)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			if strings.HasPrefix(m[1], "-") || strings.ContainsAny(m[1], "NI") {
				t.Errorf("%s: drawn outside: %s", name, m[0])
			}
		}
	}
}

func TestSeveralAttemptsAreOneCourse(t *testing.T) {
	t.Parallel()
	first, second := taken(), shifted()
	second.Started, second.Ended = at(60), at(91)
	for i := range second.Steps {
		second.Steps[i].Set = second.Steps[i].Set.Add(time.Hour)
	}
	other := shifted()
	other.Release = "somebody-elses-1"
	c, err := course.Of(record, []traffic.Log{second, other, first, first})
	if err == nil || !strings.Contains(err.Error(), "1 of 4 logs") {
		t.Errorf("a stray log: %v", err)
	}
	var weights []string
	for _, p := range c.Weights {
		weights = append(weights, p.Weight.String())
	}
	if got := strings.Join(weights, " "); got != "10% 50% 0% 10% 50% 100%" || c.Attempts != 2 || c.Rollbacks != 1 || c.Outcome != traffic.Shifted {
		t.Errorf("%s, %d attempts, %d rollbacks, %s", got, c.Attempts, c.Rollbacks, c.Outcome)
	}
	html(t, document(t, nil, form(record, first, second)))
}
