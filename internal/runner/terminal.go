package runner

import (
	"io"
	"os"
	"strconv"

	"golang.org/x/term"

	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

// Show prints a page as plain text, for people who run a command themselves. It
// has colours only on a terminal, and none where NO_COLOR is set, to whatever.
func (r *Runner) Show(page *summary.Page) error {
	r.log.Flush()
	width, height, terminal := size(r.getenv, r.out)
	text := page.Plain(summary.Terminal{
		Width:  width,
		Height: height,
		Colour: terminal && r.getenv("NO_COLOR") == "" && r.getenv("TERM") != "dumb",
		Redact: r.log.Redact,
	})
	_, err := io.WriteString(r.page, text)
	return err
}

// Files reports whether GitHub's files for outputs or for the summary are there, as in
// a job, or where somebody has set them.
func (r *Runner) Files() bool {
	return r.Present() || r.getenv("GITHUB_OUTPUT") != "" || r.getenv("GITHUB_STEP_SUMMARY") != ""
}

// standard is the width of a terminal that does not say how wide it is.
const standard = 80

// Width is how many columns a line may have: what COLUMNS says, as watch(1) sets it,
// else those of the terminal; 0, for any, where w is none.
func Width(getenv func(string) string, w io.Writer) int {
	width, _, _ := size(getenv, w)
	return width
}

// size is that, the height where it is known, and whether w is a terminal.
func size(getenv func(string) string, w io.Writer) (width, height int, terminal bool) {
	if l, ok := w.(*Log); ok {
		return size(getenv, l.w)
	}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		terminal = true
		if width, height, _ = term.GetSize(int(f.Fd())); width <= 0 {
			width = standard
		}
	}
	if n, err := strconv.Atoi(getenv("COLUMNS")); err == nil && n > 0 {
		width = n
	}
	return width, height, terminal
}
