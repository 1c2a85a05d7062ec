package summary

import (
	"regexp"
	"strings"
	"unicode"
)

// maxText is where a value is cut, in characters, so that one hostile answer
// does not push the rest of the page out of GitHub's limit.
const maxText = 1000

// escapes covers what is live in GitHub's Markdown wherever it stands in a
// line. An @ is followed by a zero-width space, so that nobody is called.
var escapes = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "|", `\|`, "[", `\[`, "]", `\]`,
	"<", "&lt;", ">", "&gt;", "&", "&amp;", "~", `\~`, "$", `\$`, "#", `\#`,
	"@", "@\u200b", "\n", " ", "://", ":\u200b//", "www.", "www\u200b.",
)

// htmlEscapes covers what is live between HTML tags, where Markdown is not read.
var htmlEscapes = strings.NewReplacer("<", "&lt;", ">", "&gt;", "&", "&amp;", "@", "@\u200b", "\n", " ")

// marker is what makes a line a list, a rule or a heading by its first characters.
var marker = regexp.MustCompile(`^([0-9]+)([.)])(\s|$)|^([-+=])`)

// Text escapes a value for use anywhere in a line of Markdown.
func Text(value string) string {
	return marker.ReplaceAllString(escapes.Replace(cut(line(value))), `$1\$2$3$4`)
}

// Forms lists the shapes in which a page may hold a value, for those who must
// find it there.
func Forms(value string) []string {
	return []string{Text(value), escapes.Replace(line(value)), label(value)}
}

// label escapes a value for use between HTML tags.
func label(value string) string { return htmlEscapes.Replace(cut(line(value))) }

func line(value string) string { return strings.TrimSpace(Printable(value)) }

func cut(value string) string {
	if runes := []rune(value); len(runes) > maxText {
		return string(runes[:maxText]) + "…"
	}
	return value
}

// Printable drops control characters, ANSI escapes among them, and those that
// turn the direction of the text, but keeps line ends and tabs.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "�"))
}
