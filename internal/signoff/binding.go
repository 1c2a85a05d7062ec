package signoff

import (
	"context"
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// GitHub's history of approvals is kept per run, without times, attempts or what
// they were for. So what a decision was for is written down when it is first seen.
// From then on it is spent: it never counts for other images, whoever decides after it,
// and a rejection that is not written down yet needs an approval that is not either.
// A rejection runs no job, so it is written down with the approval that settles it.

// Binding ties one decision about an environment to a run and to the images that
// were there when it was first seen.
type Binding struct {
	Run      int64
	Code     string
	Decision string    // the mark of the decision, 16 hex digits
	By       string    // whose approval it was, where it counted
	At       time.Time // when it was written down
}

// Note is what a Notebook has, and since when.
type Note struct {
	Text string
	At   time.Time
}

// Notebook keeps notes about an environment, where people look.
type Notebook interface {
	Note(ctx context.Context, environment string, commit release.Commit, text string) error
}

// String is the note of a binding. A state of a deployment takes 140 characters.
func (b Binding) String() string {
	end := "not counted"
	if b.By != "" {
		end = "signed off by " + b.By
	}
	return fmt.Sprintf("images %s, decision %s of run %d; %s", b.Code, b.Decision, b.Run, end)
}

var noteForm = regexp.MustCompile(`\bimages ([0-9a-f]{12}), decision ([0-9a-f]{16}) of run ([0-9]{1,18}); (?:signed off by (\S+)|not counted)`)

// bindings reads the notes that are bindings of a run.
func bindings(notes []Note, run int64) (all []Binding) {
	for _, note := range notes {
		m := noteForm.FindStringSubmatch(note.Text)
		if m == nil {
			continue
		}
		if of, _ := strconv.ParseInt(m[3], 10, 64); of == run { // as many digits as fit
			all = append(all, Binding{Run: of, Code: m[1], Decision: m[2], By: m[4], At: note.At})
		}
	}
	return all
}

// entry is a decision about the environment, and its mark.
type entry struct {
	Decision
	mark string
}

// entries marks the decisions about the environment. Of several that are alike, none
// can be told from the others: they are counted, also those that are left out since
// they do not count.
func (r ruling) entries(history []Decision) (all []entry) {
	alike, past := map[Decision]int{}, slices.Clone(r.past)
	for _, d := range history {
		if d.Environment != r.env.Name {
			continue
		}
		alike[d]++
		if i := slices.Index(past, d); i >= 0 {
			past = slices.Delete(past, i, i+1)
			continue
		}
		sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %d", d.State, d.By, d.Comment, alike[d]))
		all = append(all, entry{d, fmt.Sprintf("%x", sum)[:16]})
	}
	return all
}

// fresh are the decisions of a state that were not written down yet.
func (r ruling) fresh(history []entry, state string) []entry {
	return slices.DeleteFunc(slices.Clone(history), func(e entry) bool { return e.State != state || r.boundTo(e) != "" })
}

// here are the approvals that were for the images that are there now: those that have
// counted come first, the newest of them before all.
func (r ruling) here(history []entry) []entry {
	all := slices.DeleteFunc(slices.Clone(history), func(e entry) bool { return e.State != "approved" || r.boundTo(e) != r.code })
	slices.SortStableFunc(all, func(a, b entry) int { return r.counted(b).Compare(r.counted(a)) })
	return all
}

// counted is when a decision was written down as one that counts; zero where it was not.
func (r ruling) counted(e entry) (at time.Time) {
	for _, b := range r.held {
		if b.Decision == e.mark && b.By != "" {
			at = b.At
		}
	}
	return at
}

// boundTo is the code of the images that a decision was for; empty where it was not
// written down.
func (r ruling) boundTo(e entry) string {
	i := slices.IndexFunc(r.held, func(b Binding) bool { return b.Decision == e.mark })
	if i < 0 {
		return ""
	}
	return r.held[i].Code
}

// since is when a decision was first written down; zero where it was not.
func (r ruling) since(e entry) (first time.Time) {
	for _, b := range r.held {
		if b.Decision == e.mark && (first.IsZero() || b.At.Before(first)) {
			first = b.At
		}
	}
	return first
}

// kept reports whether a person's approval of these images has counted before.
func (r ruling) kept(by string) bool {
	return slices.ContainsFunc(r.held, func(b Binding) bool { return b.Code == r.code && strings.EqualFold(b.By, by) })
}

// bind is what there is to write down beside an approval that counts: all that was
// decided. The approval comes last, so that it still counts where not all is written.
func (r ruling) bind(history []entry, counts entry) (all []Binding) {
	for _, e := range slices.Concat(r.fresh(history, "rejected"), r.fresh(history, "approved")) {
		if e.mark != counts.mark {
			all = append(all, r.binding(e, ""))
		}
	}
	if !r.counted(counts).IsZero() {
		return all
	}
	return append(all, r.binding(counts, counts.By))
}

// refused is what there is to write down where no approval counts: they must not count
// for other images later. A rejection is not settled by them.
func (r ruling) refused(history []entry, chosen entry) (all []Binding) {
	if chosen.State == "rejected" {
		return nil
	}
	for _, e := range r.fresh(history, "approved") {
		all = append(all, r.binding(e, ""))
	}
	return all
}

func (r ruling) binding(e entry, by string) Binding {
	return Binding{Run: r.run.ID, Code: r.code, Decision: e.mark, By: by}
}

// Bind writes down what the decisions were for: for a later attempt of the same run,
// and for whoever looks at the environment. Where all is written down already, there is
// nothing to write.
func (a Approval) Bind(ctx context.Context, book Notebook) error {
	for _, b := range a.Bindings {
		if err := book.Note(ctx, a.Environment, a.Commit, b.String()); err != nil {
			return release.CannotTell(release.HintOf(err), "write down what the approval of %s was for: %w", a.Environment, err)
		}
	}
	return nil
}
