package audit

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/checklist"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

//go:embed page.css
var style string

//go:embed page.gohtml
var layout string

var page = template.Must(template.New("page").Funcs(template.FuncMap{"slug": slug}).Parse(layout))

// policy lets nothing in but the page's own style, which it names by its hash.
func policy() string {
	sum := sha256.Sum256([]byte(style))
	return fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'", base64.StdEncoding.EncodeToString(sum[:]))
}

// HTML is the page of a document.
func HTML(d checklist.Document) ([]byte, error) {
	var b bytes.Buffer
	if err := page.Execute(&b, newView(d)); err != nil {
		return nil, fmt.Errorf("write the page of the release: %w", err)
	}
	return []byte(summary.Printable(b.String())), nil
}

// view is all that the page shows, in the order in which it does.
type view struct {
	Policy  string
	Style   template.CSS
	Overall checklist.Overall
	Tone    string // good, bad or open
	Sign    string
	Version string
	Facts   []fact
	Cards   []card
	Reasons []string
	Chart   *chart
	Traffic *movement
	Filters []filter
	Groups  []group
	Remedy  string // of what is not shown; empty where nothing is missing
	Form    form
}

func newView(d checklist.Document) view {
	v := view{
		Policy: policy(), Style: template.CSS(style), //nolint:gosec // our own, embedded
		Overall: d.Overall, Version: orUnknown(string(d.Form.Release.Version)),
		Facts: facts(d), Cards: cards(d), Reasons: d.Overall.Reasons(),
		Filters: filters(d.Tally()), Groups: groups(d), Form: newForm(d),
	}
	switch {
	case d.Overall.Approved:
		v.Tone, v.Sign = "good", signs[checklist.Passed]
	case d.Overall.Rejected:
		v.Tone, v.Sign = "bad", signs[checklist.Failed]
	default:
		v.Tone, v.Sign = "open", "○"
	}
	if len(d.Overall.NotShown) > 0 {
		v.Remedy = checklist.Remedy
	}
	if c := d.Form.Course; c != nil {
		v.Chart, v.Traffic = draw(c), newMovement(c)
	}
	return v
}

// slug makes a class of a status, which has words in it.
func slug(status any) string { return strings.ReplaceAll(fmt.Sprint(status), " ", "-") }

const unknown = "not known"

func orUnknown(text string) string {
	if text == "" {
		return unknown
	}
	return short(text)
}

// short cuts a text, so that one of them does not bury the rest of the page.
func short(text string) string {
	const most = 1000
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
