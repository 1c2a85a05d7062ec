package corpus

import (
	"fmt"
	"io"
)

// tally counts facts of one kind.
type tally struct{ right, missed, extra int }

// Report writes the numbers, and each miss and each false alarm.
func Report(w io.Writer, all []Outcome) error {
	r := report{w: w}
	r.fates(all)
	for i, from := range []string{"catalog", "files"} {
		r.numbers(from, i, all)
	}
	for i, from := range []string{"catalog", "files"} {
		r.differences(from, i, all)
	}
	return r.err
}

// report keeps the first error of its writer.
type report struct {
	w   io.Writer
	err error
}

func (r *report) line(format string, args ...any) {
	if r.err == nil {
		_, r.err = fmt.Fprintf(r.w, format+"\n", args...)
	}
}

func (r *report) fates(all []Outcome) {
	files, statements := map[Fate]int{}, 0
	for _, o := range all {
		files[o.Fate]++
		statements += o.Statements
	}
	r.line("%d files, %d statements", len(all), statements)
	for _, fate := range []Fate{Traced, Empty, Applied, Failed} {
		r.line("%5d %s", files[fate], fate)
	}
	for _, o := range all {
		if o.Fate == Applied || o.Fate == Failed {
			r.line("%s: %s: %s", o.Path, o.Fate, o.Why)
		}
	}
}

func (r *report) numbers(from string, i int, all []Outcome) {
	counts := map[Kind]*tally{}
	for _, k := range Kinds {
		counts[k] = &tally{}
	}
	for _, o := range all {
		if len(o.Knowing) == 0 {
			continue
		}
		for _, f := range o.Knowing[i].Right {
			counts[f.Kind].right++
		}
		for _, f := range o.Knowing[i].Missed {
			counts[f.Kind].missed++
		}
		for _, f := range o.Knowing[i].Extras {
			counts[f.Kind].extra++
		}
	}
	r.line("\nknowing the %s  right  missed  false alarms  precision  recall", from)
	for _, k := range Kinds {
		c := counts[k]
		r.line("%-20s %6d  %6d  %12d  %9s  %6s", k, c.right, c.missed, c.extra, share(c.right, c.extra), share(c.right, c.missed))
	}
}

func share(part, rest int) string {
	if part+rest == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(part+rest))
}

func (r *report) differences(from string, i int, all []Outcome) {
	r.line("\ndifferences, knowing the %s:", from)
	for _, o := range all {
		if len(o.Knowing) == 0 {
			continue
		}
		note := ""
		if o.Unread {
			note = ", and the review said that it cannot read all"
		}
		for _, f := range o.Knowing[i].Missed {
			r.line("%s: missed: %v%s", o.Path, f, note)
		}
		for _, f := range o.Knowing[i].Extras {
			r.line("%s: false alarm: %v", o.Path, f)
		}
	}
}
