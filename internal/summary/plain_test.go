package summary_test

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/bluegreen-actions/bluegreen/internal/runner/runnertest"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

// whole has every block that a page may have.
func whole() *summary.Page {
	at := time.Date(2026, 10, 1, 14, 0, 0, 0, time.UTC)
	p := new(summary.Page)
	p.Verdict(summary.Back, "%s went back to %s", "v1.2.0", "blue")
	p.List([][]string{{"good slot", "none: there is no way back, since nothing was ever released behind this load balancer"}, {"blue", "live", "web", "1 of 1 ready"}})
	p.Say("See https://www.example.com/a_b*c and ask @ops.")
	p.Section("Gates")
	p.Table([]string{"gate", "green", "verdict"}, [][]string{
		{"5xx", "2.5 %", "❌ roll back"},
		{"p99_latency", "no data", "⚠️ cannot tell, since Prometheus had no sample for longer than a minute"},
		{"日本", "x", "🟩🟩🟧🟥"},
	})
	p.Timeline([]summary.Event{{At: at, Text: "raised green to 10%"}, {At: at.Add(90 * time.Second), Text: "blue has 100%"}})
	p.Chart(summary.Chart{Title: "Weight", Over: time.Minute, Values: []float64{1, 2}})
	p.Details("/etc/nginx/bluegreen.conf", "server {\n\tlisten 80;\n}\n")
	p.Fold("Evidence", func(p *summary.Page) { p.Say("hidden") })
	p.Raw("*made for GitHub*\n", "made for a terminal", "in two lines")
	p.Next("Read the log of web-green-1.", "Run it again.")
	return p
}

func TestGoldenPlain(t *testing.T) {
	t.Parallel()
	golden(t, "testdata/page.txt", whole().Plain(summary.Terminal{}))
	golden(t, "testdata/narrow.txt", whole().Plain(summary.Terminal{Width: 48}))
	golden(t, "testdata/colour.txt", whole().Plain(summary.Terminal{Colour: true}))
}

// Whatever a person reads fits the terminal, but for what is meant to be copied.
func TestEveryLineFits(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a word or two of it ", 30)
	for place, page := range pages(long) {
		for l := range strings.Lines(page.Plain(summary.Terminal{Width: 100})) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(l, "\n")); n > 100 && place != "details" {
				t.Errorf("%s: %d columns: %q", place, n, l)
			}
		}
	}
}

// What a row is about is read at a glance; names are broken at their dashes.
func TestTheWordsOfAListStayWhole(t *testing.T) {
	t.Parallel()
	p := new(summary.Page)
	p.List([][]string{
		{"application", "shop", "2026-11-26T19:54:49Z"},
		{"green", "idle", "frontend", "1 of 1 ready", "v1.12.0-rc.1", "acme-shop-12345678901", "sha256:0123456789ab"},
		{"last shift", "green", "acme-shop-12345678901", "began 2026-11-26T19:54:49Z", "rolled back at 2026-11-26T19:59:49Z: interrupted"},
		{"claim", "green", "acme-shop-12345678901", "since 2026-11-26T19:54:49Z", "given back"},
	})
	golden(t, "testdata/list.txt", p.Plain(summary.Terminal{Width: 80}))
}

func TestTheVerdictOfALongPageStandsAtItsEnd(t *testing.T) {
	t.Parallel()
	for height, want := range map[int]int{0: 1, 10: 2, 100: 1} {
		text := whole().Plain(summary.Terminal{Height: height})
		if n := strings.Count(text, "← v1.2.0 went back to blue\n"); n != want {
			t.Errorf("of %d lines: %d times, want %d", height, n, want)
		}
		if want == 2 && !strings.HasSuffix(text, "\n← v1.2.0 went back to blue\n") {
			t.Error(text)
		}
	}
}

func TestColoursAreAllThatDiffers(t *testing.T) {
	t.Parallel()
	bare := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(whole().Plain(summary.Terminal{Colour: true}), "")
	if bare != whole().Plain(summary.Terminal{}) {
		t.Error(bare)
	}
}

// A secret that is broken over two lines would be found by nobody.
func TestSecretsAreReplacedBeforeTheLayout(t *testing.T) {
	t.Parallel()
	const secret = "correct horse battery staple correct horse battery"
	redact := func(text string) string { return strings.ReplaceAll(text, secret, "***") }
	for place, page := range pages("it is " + secret + ".") {
		got := page.Plain(summary.Terminal{Width: 30, Redact: redact})
		if strings.Contains(got, "horse") || strings.Contains(got, "correct") {
			t.Errorf("%s: %q", place, got)
		}
	}
}

func TestHostileTextIsNoCommandToTheTerminal(t *testing.T) {
	t.Parallel()
	for name, text := range runnertest.Hostile() {
		for place, page := range pages(text) {
			for _, width := range []int{0, 20} {
				got := page.Plain(summary.Terminal{Width: width})
				if i := strings.IndexFunc(got, func(r rune) bool {
					return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r))
				}); i >= 0 {
					t.Errorf("%s in %s: %q", name, place, got[i:])
				}
			}
		}
	}
}

func FuzzPlain(f *testing.F) {
	f.Add("a b c", 10)
	f.Add(strings.Repeat("日", 40), 13)
	f.Fuzz(func(t *testing.T, text string, width int) {
		var p summary.Page
		p.Table([]string{"what", "seen"}, [][]string{{text, text}, {"x", text}})
		p.Say("%s", text)
		_ = p.Plain(summary.Terminal{Width: width})
	})
}
