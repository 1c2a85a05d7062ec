package signoff

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// GitHub's history of approvals is kept per run, without times, attempts or what
// they were for. So what an approval was for is written down when it is confirmed or
// refused, with how many approvals and rejections there were; images that changed
// since, and a rejection since, need one more.

// Binding ties the decisions about an environment to a run and to the images that
// were there.
type Binding struct {
	Run        int64
	Approvals  int // that the run had
	Rejections int // likewise
	Code       string
	By         string // whose approval counted; empty when none did
}

// Notebook keeps notes about an environment, where people look.
type Notebook interface {
	Note(ctx context.Context, environment string, commit release.Commit, text string) error
}

// String is the note of a binding.
func (b Binding) String() string {
	end := "refused"
	if b.By != "" {
		end = "signed off by " + b.By
	}
	return fmt.Sprintf("images %s, approval %d, rejection %d of run %d; %s", b.Code, b.Approvals, b.Rejections, b.Run, end)
}

var noteForm = regexp.MustCompile(`\bimages ([0-9a-f]{12}), approval ([0-9]{1,9}), rejection ([0-9]{1,9}) of run ([0-9]{1,18}); (?:signed off by (\S+)|refused)`)

// bindings reads the notes that are bindings of a run.
func bindings(notes []string, run int64) (all []Binding) {
	for _, note := range notes {
		m := noteForm.FindStringSubmatch(note)
		if m == nil {
			continue
		}
		approvals, _ := strconv.Atoi(m[2]) // as many digits as fit
		rejections, _ := strconv.Atoi(m[3])
		of, _ := strconv.ParseInt(m[4], 10, 64)
		if of == run {
			all = append(all, Binding{Run: of, Approvals: approvals, Rejections: rejections, Code: m[1], By: m[5]})
		}
	}
	return all
}

// last is the newest binding: of the most approvals. One more rejection alone binds
// nothing.
func (r ruling) last() (last Binding) {
	for _, b := range r.held {
		if b.Approvals >= last.Approvals {
			last = b
		}
	}
	return last
}

// bound refuses approvals that were all for other images.
func (r ruling) bound(approvals int) error {
	for _, b := range r.held {
		if b.Code == r.code && b.By != "" {
			return nil
		}
	}
	last := r.last()
	if approvals > last.Approvals || last.Code == r.code {
		return nil
	}
	return release.Refuse("re-run all jobs of the run, look at the new images, and approve "+r.env.Name+" again",
		"the approval of %s in run %d was for images %s, and this release has images %s", r.env.Name, r.run.ID, last.Code, r.code)
}

// kept reports whether a person's approval of these images has counted before.
func (r ruling) kept(by string) bool {
	return slices.ContainsFunc(r.held, func(b Binding) bool { return b.Code == r.code && strings.EqualFold(b.By, by) })
}

// bind is what there is to write down of a decision that counts.
func (r ruling) bind(history []Decision, by string) Binding {
	return Binding{
		Run: r.run.ID, Approvals: r.count(history, "approved"), Rejections: r.count(history, "rejected"), Code: r.code, By: by,
	}
}

// refused is what there is to write down of an approval that does not count: it must
// not count for other images later. Nothing, where it is written down already.
func (r ruling) refused(history []Decision, d Decision) Binding {
	b := r.bind(history, "")
	if d.State == "rejected" || b.Approvals <= r.last().Approvals {
		return Binding{}
	}
	return b
}

func (r ruling) count(history []Decision, state string) (n int) {
	for _, d := range history {
		if d.Environment == r.env.Name && d.State == state {
			n++
		}
	}
	return n
}

// Bind writes down what an approval was for: for a later attempt of the same run,
// and for whoever looks at the environment. Of a decision that says nothing new
// there is nothing to write.
func (a Approval) Bind(ctx context.Context, book Notebook) error {
	if a.Binding == (Binding{}) {
		return nil
	}
	if err := book.Note(ctx, a.Environment, a.Commit, a.Binding.String()); err != nil {
		return release.CannotTell(release.HintOf(err), "write down what the approval of %s was for: %w", a.Environment, err)
	}
	return nil
}
