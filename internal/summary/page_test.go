package summary_test

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/runner/runnertest"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

var update = flag.Bool("update", false, "write the golden files")

// pages is one page for each place that a value can stand in.
func pages(value string) map[string]*summary.Page {
	all := map[string]*summary.Page{}
	for place, write := range map[string]func(*summary.Page){
		"verdict":  func(p *summary.Page) { p.Verdict(summary.Bad, "a %s", value) },
		"section":  func(p *summary.Page) { p.Section(value) },
		"say":      func(p *summary.Page) { p.Say("%s", value) },
		"table":    func(p *summary.Page) { p.Table([]string{"h", value}, [][]string{{value, "x"}, {"x", value}}) },
		"timeline": func(p *summary.Page) { p.Timeline([]summary.Event{{Text: value}}) },
		"next":     func(p *summary.Page) { p.Next("x", value) },
		"title":    func(p *summary.Page) { p.Details(value, "x") },
		"details":  func(p *summary.Page) { p.Details("x", value) },
		"link":     func(p *summary.Page) { p.Link(value, "https://github.com/acme/shop/actions/runs/7") },
		"fold":     func(p *summary.Page) { p.Fold(value, func(p *summary.Page) { p.Say("%s", value) }) },
	} {
		all[place] = &summary.Page{}
		write(all[place])
	}
	return all
}

var bar = regexp.MustCompile(`(^|[^\\])((?:\\\\)*)\|`)

// skeleton is what a page is made of: its lines, with every word replaced.
func skeleton(markdown string) string {
	var lines []string
	fence := ""
	for _, line := range strings.Split(markdown, "\n") {
		opens := strings.HasPrefix(line, "```") && strings.Trim(line, "`") == ""
		switch {
		case fence == "" && opens:
			fence, line = line, "fence"
		case fence != "" && opens && len(line) >= len(fence):
			fence, line = "", "fence"
		case fence != "":
			continue
		case strings.HasPrefix(line, "|"):
			line = strings.Repeat("|", len(bar.FindAllString(line, -1)))
		case strings.HasPrefix(line, "<"):
			line = regexp.MustCompile(`>[^<]+<`).ReplaceAllString(line, "><")
		default:
			line = strings.TrimRight(line[:len(line)-len(strings.TrimLeft(line, "#- "))], " ")
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestHostileTextDoesNotChangeThePage(t *testing.T) {
	t.Parallel()
	harmless := pages("fine")
	for name, text := range runnertest.Hostile() {
		for place, page := range pages(text) {
			got, want := page.Markdown(), harmless[place].Markdown()
			if diff := cmp.Diff(skeleton(want), skeleton(got)); diff != "" && strings.TrimSpace(text) != "" {
				t.Errorf("%s in %s: %s%s", name, place, diff, got)
			}
			if place == "details" {
				continue // nothing is live in its block of code, which the skeleton has shown to end in time
			}
			if strings.Contains(got, "@octocat") || strings.Contains(got, "\x1b") || strings.Count(got, "<") != strings.Count(want, "<") {
				t.Errorf("%s in %s is live: %q", name, place, got)
			}
		}
	}
}

func TestLinesShowTheirText(t *testing.T) {
	t.Parallel()
	places := map[string]struct{ markup, words string }{
		"say":     {"", ""},
		"verdict": {"## ❌ ", "a "},
		"section": {"### ", ""},
		"next":    {"### What to do next\n\n- x\n- ", ""},
	}
	for name, text := range runnertest.Hostile() {
		for place, want := range places {
			got, ok := strings.CutPrefix(pages(text)[place].Markdown(), want.markup)
			if !ok || plain(t, strings.TrimSpace(got)) != shown(want.words+text) {
				t.Errorf("%s in %s: got %q", name, place, got)
			}
		}
	}
}

func TestDetailsKeepTheText(t *testing.T) {
	t.Parallel()
	const text = "line 1\n\t*line* | 2 <b>\n````\nend\n\n"
	var p summary.Page
	p.Details("What <went> wrong_", text)
	want := "<details><summary>What &lt;went&gt; wrong_</summary>\n\n`````\nline 1\n\t*line* | 2 <b>\n````\nend\n`````\n\n</details>\n\n"
	if diff := cmp.Diff(want, p.Markdown()); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsEmptyIsLeftOut(t *testing.T) {
	t.Parallel()
	var p summary.Page
	p.Table([]string{"a"}, nil)
	p.Timeline(nil)
	p.Next()
	if p.Markdown() != "" || p.Judged() {
		t.Errorf("got %q", p.Markdown())
	}
	p.Verdict(summary.Good, "fine")
	if !p.Judged() {
		t.Error("the verdict is not seen")
	}
}

func TestRowsAreAsWideAsTheHeader(t *testing.T) {
	t.Parallel()
	short := []string{"1", "2", "spare"}[:2]
	var p summary.Page
	p.Table([]string{"a", "b", "c"}, [][]string{short, {"1", "2", "3", "4"}, {}})
	want := "| a | b | c |\n| --- | --- | --- |\n| 1 | 2 |  |\n| 1 | 2 | 3 |\n|  |  |  |\n\n"
	if diff := cmp.Diff(want, p.Markdown()); diff != "" || short[:3][2] != "spare" {
		t.Errorf("%s, and the caller's row is %q", diff, short[:3])
	}
}

func TestGoldenPage(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 10, 1, 14, 0, 0, 0, time.FixedZone("CEST", 2*60*60))
	var p summary.Page
	p.Verdict(summary.Back, "%s went back to %s after %v", "v1.2.0", "blue", 1500*time.Millisecond)
	p.Say("Green answered %d of %d requests with 5xx.", 3, 120)
	p.Section("Gates")
	p.Table([]string{"gate", "green", "blue", "verdict"}, [][]string{{"5xx", "2.5 %", "0 %", "❌ roll back"}, {"p99_latency", "no data", "", "⚠️ cannot tell"}})
	p.Timeline([]summary.Event{{at, "raised green to 10%"}, {at.Add(90*time.Second + 7*time.Millisecond), "blue has 100% | read back"}})
	p.Details("What went wrong", "shift: bake at 10%: green is unhealthy: GET /health/ready: 503\n")
	p.Fold("Evidence", func(p *summary.Page) { p.Table([]string{"item", "status"}, [][]string{{"6.2.1", "❌ failed"}}) })
	p.Raw("*made elsewhere*\n\n")
	p.Next("Read the log of web-green-1.", "Run the failed jobs again.")
	golden(t, "testdata/page.md", p.Markdown())
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if diff := cmp.Diff(string(want), got); err != nil || diff != "" {
		t.Errorf("%v: %s differs; run the test with -update and read the change: %s", err, path, diff)
	}
}
