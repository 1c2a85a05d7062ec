package summary

import "strings"

// Terminal is what the text is for.
type Terminal struct {
	Width  int // in columns; 0 for lines of any length
	Height int // in lines; of a page that is longer the verdict is shown again at its end; 0 for any
	Colour bool
	Redact func(string) string // of every text, before it is laid out
}

// Plain returns the page for a terminal: the verdict first, tables with their
// columns below each other, and no Markdown.
func (p *Page) Plain(t Terminal) string {
	w := &terminal{Terminal: t}
	for _, part := range p.blocks {
		part.plain(w)
	}
	if p.Judged() && t.Height > 0 && strings.Count(w.String(), "\n") >= t.Height {
		p.blocks[0].plain(w)
	}
	return w.String()
}

// terminal writes blocks with one empty line between them, but for a heading.
type terminal struct {
	strings.Builder
	Terminal
	headed bool // a heading stands above
}

func (w *terminal) text(value string) string {
	if w.Redact != nil {
		value = w.Redact(value)
	}
	return simple.Replace(line(value))
}

func (w *terminal) block(lines ...string) {
	if w.Len() > 0 && !w.headed {
		w.WriteByte('\n')
	}
	w.headed = false
	for _, l := range lines {
		w.WriteString(strings.TrimRight(l, " ") + "\n")
	}
}

// wrapped is a text in lines that have room, those after the first below what
// follows the sign.
func (w *terminal) wrapped(sign, text string) []string {
	return Wrap(sign, w.text(text), w.Width)
}

// The colours that are used: what is of no colour has a sign or a word.
const (
	bold   = "1"
	faint  = "2"
	red    = "1;31"
	green  = "1;32"
	yellow = "1;33"
)

func (w *terminal) paint(colour, text string) string {
	if !w.Colour || colour == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

func (w *terminal) paintAll(colour string, lines []string) []string {
	for i, l := range lines {
		lines[i] = w.paint(colour, l)
	}
	return lines
}

// signs is how a terminal shows a mark, whatever its fonts.
var signs = map[Mark][2]string{Good: {"✓", green}, Warn: {"!", yellow}, Bad: {"✗", red}, Back: {"←", yellow}, Skip: {"·", bold}}

func (v verdict) plain(w *terminal) {
	sign, ok := signs[v.mark]
	if !ok {
		sign = [2]string{string(v.mark), bold}
	}
	w.block(w.paintAll(sign[1], w.wrapped(sign[0]+" ", v.text))...)
}

func (s section) plain(w *terminal) {
	w.block(w.paintAll(bold, w.wrapped("", string(s)))...)
	w.headed = true
}

func (s paragraph) plain(w *terminal) { w.block(w.wrapped("", string(s))...) }
func (c Chart) plain(*terminal)       {}

func (r raw) plain(w *terminal) {
	if len(r.lines) == 0 {
		return
	}
	var lines []string
	for _, l := range r.lines {
		lines = append(lines, w.wrapped("", l)...)
	}
	w.block(lines...)
}

func (d details) plain(w *terminal) {
	text := d.text
	if w.Redact != nil {
		text = w.Redact(text)
	}
	lines := w.paintAll(bold, w.wrapped("", d.title))
	for l := range strings.Lines(text) {
		lines = append(lines, strings.TrimRight(l, "\n"))
	}
	w.block(lines...)
}

func (n next) plain(w *terminal) {
	lines := []string{w.paint(bold, "What to do next")}
	for _, s := range n {
		lines = append(lines, w.wrapped("→ ", s)...)
	}
	w.block(lines...)
}

func (f fold) plain(w *terminal) {
	w.block(w.paintAll(faint, w.wrapped("… ", f.title+": in the report, with --report FOLDER"))...)
}

func (t table) plain(w *terminal) {
	lines, heads := align(w.cells(append([][]string{t.header}, t.rows...)), w.Width)
	w.paintAll(faint, lines[:heads])
	w.block(lines...)
}

func (l list) plain(w *terminal) { w.block(ragged(w.cells(l), w.Width)...) }

func (w *terminal) cells(rows [][]string) [][]string {
	shown := make([][]string, len(rows))
	for i, r := range rows {
		for _, c := range r {
			shown[i] = append(shown[i], w.text(c))
		}
	}
	return shown
}

// simple shows the signs of a page in characters of one column.
var simple = strings.NewReplacer("\n", " ", "\t", " ", "✅", "✓", "❌", "✗", "⚠️", "!", "↩️", "←", "⏭️", "·", "✍️", "✎", "▫️", "–", "✔", "✓",
	"🟩", "▁", "🟨", "▃", "⬜", "?", "🟧", "▆", "🟥", "█")
