package runner

import (
	"fmt"
	"strconv"
)

// Level is how loud an annotation is.
type Level string

// The levels of an annotation. GitHub shows ten of each per step.
const (
	Notice  Level = "notice"
	Warning Level = "warning"
	Error   Level = "error"
)

// Annotation is one message that GitHub shows on the run, and on a line of a
// file when it names one.
type Annotation struct {
	Level Level
	Title string
	Text  string
	File  string // relative to the repository; empty for none
	Line  int    // from 1; 0 for none
}

// maxAnnotation is where the runner cuts a message, in characters.
// Source: actions/runner, ExecutionContext.
const maxAnnotation = 4096

// Annotate shows a, if standard output can still be written. Outside of a runner it is printed as a line of text.
func (r *Runner) Annotate(a Annotation) {
	text := r.log.Redact(a.Text)
	if runes := []rune(text); len(runes) > maxAnnotation {
		text = string(runes[:maxAnnotation-1]) + "…"
	}
	if !r.Present() {
		fmt.Fprintf(r.log, "%s: %s: %s\n", a.Level, a.Title, text)
		return
	}
	fields := map[string]string{"title": r.log.Redact(a.Title)}
	if a.File != "" {
		fields["file"] = a.File
	}
	if a.Line > 0 {
		fields["line"] = strconv.Itoa(a.Line)
	}
	show := r.action.WithFieldsMap(fields)
	_ = r.guarded("annotate", func() {
		switch a.Level {
		case Error:
			show.Errorf("%s", text)
		case Warning:
			show.Warningf("%s", text)
		default:
			show.Noticef("%s", text)
		}
	})
}
