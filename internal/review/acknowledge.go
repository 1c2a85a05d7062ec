package review

import (
	"regexp"
	"slices"
)

var (
	directive = regexp.MustCompile(`^bluegreen:\s*allow\b\s*(.*)$`)
	allowance = regexp.MustCompile(`^([a-z0-9-]+)\s+(.*\S)$`)
)

// acknowledge gives the findings of a statement the reasons that the comments
// before it say. A comment that allows nothing is a finding itself.
func acknowledge(j *Judged, comments []Comment) {
	for _, c := range comments {
		m := directive.FindStringSubmatch(c.Text)
		if m == nil {
			continue
		}
		said := allowance.FindStringSubmatch(m[1])
		if said == nil {
			j.note("bad-acknowledgement", c.Line, "no rule and reason in: "+c.Text)
			continue
		}
		j.allow(said[1], said[2], c.Line)
	}
}

// beside leaves out the comments that stand right above a backfill, which are about it.
func (f File) beside(comments []Comment) []Comment {
	return slices.DeleteFunc(slices.Clone(comments), func(c Comment) bool {
		return slices.ContainsFunc(f.Backfills, func(b Backfill) bool { return slices.Contains(b.Comments, c) })
	})
}

func (j *Judged) allow(id, reason string, line int) {
	rule, known := RuleOf(id)
	switch {
	case !known:
		j.note("bad-acknowledgement", line, "there is no rule "+id)
		return
	case rule.Fails:
		j.note("bad-acknowledgement", line, id+" cannot be allowed: the file would end in an error")
		return
	case rule.Seen:
		if j.promised == nil {
			j.promised = map[string]string{}
		}
		j.promised[id] = reason
		return
	case !slices.ContainsFunc(j.Findings, func(f Finding) bool { return f.Rule.ID == id }):
		j.note("unused-acknowledgement", line, id)
		return
	}
	for i := range j.Findings {
		if j.Findings[i].Rule.ID == id {
			j.Findings[i].Reason = reason
		}
	}
}

func (j *Judged) note(id string, line int, detail string) {
	rule, _ := RuleOf(id)
	j.Findings = append(j.Findings, Finding{Rule: rule, Line: line, Detail: detail})
}
