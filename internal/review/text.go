package review

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Text is the review for people at a terminal: each finding, and the sum.
func (r Review) Text(policy []string) string {
	var b strings.Builder
	for _, p := range r.Findings() {
		fmt.Fprintf(&b, "%s:%d: %v: %s [%s]\n", p.Path, p.Line, p.Rule.Level, p.Text(), p.Rule.ID)
		switch {
		case p.Open(policy):
			fmt.Fprintf(&b, "  %s\n  → %s\n", p.Rule.Breaks, p.Remedy())
		case p.Waited != "":
			fmt.Fprintf(&b, "  waited: %s\n", p.Waited)
		case p.Reason != "":
			fmt.Fprintf(&b, "  allowed: %s\n", p.Reason)
		}
	}
	fmt.Fprintln(&b, r.Sum(policy))
	return b.String()
}

// Sum is the review in one sentence.
func (r Review) Sum(policy []string) string {
	all, safe, risky, unsafe := r.Count()
	text := fmt.Sprintf("%d statements in %d files for PostgreSQL %d: %d safe, %d risky, %d unsafe", all, r.files(), r.Version, safe, risky, unsafe)
	if n := len(r.Acknowledged()); n > 0 {
		text += fmt.Sprintf("; %d acknowledged", n)
	}
	if n := len(r.Open(policy)); n > 0 {
		text += fmt.Sprintf("; %d open", n)
	}
	return text + "; what is known of the tables is from " + r.From
}

// JSON is the review for programs: every statement with its verdict, what it does
// to tables in use, and its findings.
func (r Review) JSON(policy []string) ([]byte, error) {
	type finding struct {
		Rule    string `json:"rule"`
		Level   string `json:"level"`
		Line    int    `json:"line"`
		Text    string `json:"text"`
		Breaks  string `json:"breaks"`
		Instead string `json:"instead"`
		Reason  string `json:"acknowledged,omitempty"`
		Waited  string `json:"waited,omitempty"`
		Open    bool   `json:"open"`
	}
	type statement struct {
		File     string    `json:"file"`
		Line     int       `json:"line"`
		Head     string    `json:"statement"`
		Verdict  string    `json:"verdict"`
		Effect   string    `json:"effect"`
		Findings []finding `json:"findings"`
	}
	all := []statement{}
	for _, f := range r.Files {
		for _, j := range f.Statements {
			s := statement{f.Path, j.Line, j.Head, j.Level().Verdict().String(), j.Effect.String(), []finding{}}
			for _, one := range j.Findings {
				s.Findings = append(s.Findings, finding{one.Rule.ID, one.Rule.Level.String(), one.Line, one.Text(), one.Rule.Breaks, one.Rule.Instead, one.Reason, one.Waited, one.Open(policy)})
			}
			all = append(all, s)
		}
	}
	text, err := json.MarshalIndent(all, "", "  ")
	return append(text, '\n'), err
}
