package runner

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

const minSecret = 4

// minPacked is the size from which a run of base64 is no common text.
const minPacked = 6

// Maskable reports whether Mask hides anything of a value.
func Maskable(secret string) bool {
	for line := range strings.Lines(secret) {
		if len(strings.TrimSpace(line)) >= minSecret {
			return true
		}
	}
	return false
}

// Mask hides a value from everything that is printed from now on, here and in
// the runner's own log, line by line. Lines shorter than 4 bytes are left
// alone: they would turn half the log, and every output that happens to hold
// them, into ***.
//
// Of a URL the password is hidden by itself, too, as it stands there and as it
// is meant, unless it is no more than another part of the same URL.
func (r *Runner) Mask(secret string) {
	for _, part := range append(passwords(secret), secret) {
		r.log.hide(part)
		r.page.hide(part)
		if r.Present() {
			r.tell(part)
		}
	}
}

// tell has the runner hide each line of a secret, before the line is written
// anywhere else.
func (r *Runner) tell(secret string) {
	for line := range strings.Lines(secret) {
		if line = strings.TrimSpace(line); len(line) >= minSecret {
			_ = r.guarded("mask a secret", func() { r.action.AddMask(line) })
		}
	}
}

var urlPassword = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*://([^/?#]*):([^/?#]*)@(.*)$`)

// passwords is what stands between : and @ of a URL, as it is and decoded.
func passwords(secret string) []string {
	var all []string
	for line := range strings.Lines(secret) {
		m := urlPassword.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil || m[1] == m[2] || strings.Contains(m[3], m[2]) {
			continue
		}
		all = append(all, m[2])
		if plain, err := url.PathUnescape(m[2]); err == nil && plain != m[2] {
			all = append(all, plain)
		}
	}
	return all
}

// hide replaces a secret from now on, as a whole and in each of its lines.
func (l *Log) hide(secret string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, part := range append(strings.Split(secret, "\n"), secret) {
		if part = strings.TrimSpace(part); len(part) >= minSecret {
			l.secrets = append(l.secrets, forms(part)...)
			l.secrets = append(l.secrets, packed(part)...)
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

// packed is the secret as it stands in base64, wherever in the packed text it
// begins: behind "user:" in a header, or within a file. The characters at both
// ends that also depend on what stands around it are left out.
func packed(secret string) []string {
	var all []string
	for before := range 3 {
		for _, code := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := code.EncodeToString([]byte(strings.Repeat("x", before) + secret))
			whole := (before + len(secret)) * 8 / 6
			if text = text[(before*8+5)/6 : whole]; len(text) >= minPacked {
				all = append(all, text)
			}
		}
	}
	return all
}
