package runner

import (
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

const minSecret = 4

// Mask hides a value from everything that is printed from now on, here and in
// the runner's own log, line by line. Lines shorter than 4 bytes are left
// alone: they would turn half the log, and every output that happens to hold
// them, into ***.
func (r *Runner) Mask(secret string) {
	r.log.hide(secret)
	if !r.Present() {
		return
	}
	for line := range strings.Lines(secret) {
		if line = strings.TrimSpace(line); len(line) >= minSecret {
			_ = r.guarded("mask a secret", func() { r.action.AddMask(line) })
		}
	}
}

// hide replaces a secret from now on, as a whole and in each of its lines.
func (l *Log) hide(secret string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, part := range append(strings.Split(secret, "\n"), secret) {
		if part = strings.TrimSpace(part); len(part) >= minSecret {
			l.secrets = append(l.secrets, forms(part)...)
		}
	}
	slices.SortFunc(l.secrets, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) // the longest first
	})
	l.secrets = slices.Compact(l.secrets)
}

// forms is how a secret looks as it is, in a URL, in quotes, in JSON and on a
// summary page, and how each of these looks inside of another: an error quotes
// an address, and a page shows the error.
func forms(secret string) []string {
	all := []string{secret}
	for range 2 {
		for _, form := range slices.Clone(all) {
			all = append(all, shapes(form)...)
		}
		slices.Sort(all)
		all = slices.Compact(all)
	}
	return slices.DeleteFunc(all, func(form string) bool { return len(form) < minSecret })
}

func shapes(text string) []string {
	all := append(summary.Forms(text), url.QueryEscape(text), url.PathEscape(text), strings.Trim(strconv.Quote(text), `"`))
	if quoted, err := json.Marshal(text); err == nil {
		all = append(all, strings.Trim(string(quoted), `"`))
	}
	return all
}

// Redact replaces the secrets in a text.
func (l *Log) Redact(text string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hidden(text)
}

func (l *Log) hidden(text string) string {
	for _, secret := range l.secrets {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return text
}
