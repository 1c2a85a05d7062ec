package diagnosis

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// address is what an address of mail looks like, also where its @ is encoded. Its
// domain has a dot, which the digest of an image has not.
var address = regexp.MustCompile(`[\pL\pN._%+'-]+(@|%40|&#64;|\\u0040)[\pL\pN-]+(\.[\pL\pN-]+)+`)

// userinfo is the account in a URL, which looks like an address and is worse.
var userinfo = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)[^\s/@"']+@`)

// Redact replaces addresses of mail, and accounts in URLs.
func Redact(text string) string {
	if !marked(text) {
		return text
	}
	lines := strings.SplitAfter(text, "\n")
	for i, line := range lines {
		if marked(line) {
			line = userinfo.ReplaceAllString(line, "$1<account>@")
			lines[i] = address.ReplaceAllString(line, "<address>")
		}
	}
	return strings.Join(lines, "")
}

// marked says whether there is an @ in any of the forms in which address knows it.
func marked(text string) bool {
	return strings.ContainsAny(text, "@") || strings.Contains(text, "%40") || strings.Contains(text, "&#64;") || strings.Contains(text, `\u0040`)
}

// harmless names the fields of a job whose values are no customer's: what kind of
// job it is, and how often it was tried.
var harmless = regexp.MustCompile(`^(type|kind|name|job|class|queue|version|v|schema|attempts?|retry|retries|retry_count|max_retries|priority)$`)

// plain is a value that can be a name of a kind, and nobody's address or text.
var plain = regexp.MustCompile(`^[A-Za-z0-9_.:/-]{1,64}$`)

// Outline shows the form of a job: its fields, and what kind of value each has. Only
// the values of fields that name its kind are kept, besides those of the fields in
// keep. What is no JSON is shown by its length.
func Outline(job string, keep ...string) string {
	dec := json.NewDecoder(strings.NewReader(job))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil || dec.More() {
		return fmt.Sprintf("no JSON, %d bytes", len(job))
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(outline(value, keep)); err != nil {
		return fmt.Sprintf("JSON, %d bytes", len(job))
	}
	return strings.TrimSpace(out.String())
}

func outline(value any, keep []string) any {
	switch v := value.(type) {
	case map[string]any:
		all := map[string]any{}
		for name, inner := range v {
			if harmless.MatchString(name) || slices.Contains(keep, name) {
				inner = kept(inner, keep)
			} else {
				inner = outline(inner, keep)
			}
			if !plain.MatchString(name) { // a map by address has addresses for names
				name = fmt.Sprintf("field of %d characters", len([]rune(name)))
			}
			all[name] = inner
		}
		return all
	case []any:
		return fmt.Sprintf("list of %d", len(v))
	case string:
		return fmt.Sprintf("text of %d characters", len([]rune(v)))
	case json.Number:
		return "number"
	}
	return value // true, false, null
}

// kept is a value as it is, if it is short and plain.
func kept(value any, keep []string) any {
	switch v := value.(type) {
	case string:
		if plain.MatchString(v) {
			return v
		}
	case json.Number:
		return v
	}
	return outline(value, keep)
}
