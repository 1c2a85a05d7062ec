package runner

import "fmt"

// Group puts the lines of the log from here on under a title, where people open
// them with a click, and ends the group before. Outside of a runner the title is
// a line.
func (r *Runner) Group(title string) {
	r.EndGroup()
	title = oneLine(r.log.Redact(title))
	if !r.Present() {
		fmt.Fprintf(r.log, "%s\n", title)
		return
	}
	r.log.Flush()
	_ = r.guarded("group", func() {
		r.action.Group(title)
		r.grouped = true
	})
}

// EndGroup ends the group, if there is one.
func (r *Runner) EndGroup() {
	_ = r.guarded("end group", func() {
		if r.grouped {
			r.action.EndGroup()
			r.grouped = false
		}
	})
}
