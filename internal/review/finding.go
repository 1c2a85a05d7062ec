package review

import "time"

// Review is what was found.
type Review struct {
	Version int
	From    string // where the knowledge of the tables is from
	Files   []Reviewed

	inUse   map[Name]bool   // tables that were there before the files
	parents map[Name][]Name // what they are partitions of, or inherit from
	long    time.Duration   // from where on a strong lock is held for too long
}

// Reviewed is one file.
type Reviewed struct {
	Path       string
	Statements []Judged
}

// Judged is one statement.
type Judged struct {
	Line     int
	Head     string
	Whole    bool // it stands for the file, not for a statement
	Ops      []Op
	Effect   Effect
	Findings []Finding

	overwrites bool // a backfill of columns that were there before the files

	promised map[string]string // reasons for what only a rehearsal can find, by rule
}

// Finding is a rule that something breaks.
type Finding struct {
	Rule   Rule
	Line   int
	Detail string
	Reason string // of its acknowledgement, or what has settled it; "" without one

	Settled bool // a rehearsal has disproved it
	spared  bool // code that does not know of the change can live with it

	Waited  string // why nobody uses any more what it takes away; "" when that is not so
	Belongs string // the folder of the contract migrations, where such a statement belongs
}

// Level is that of the worst finding.
func (j Judged) Level() Level {
	top := Safe
	for _, f := range j.Findings {
		top = max(top, f.Rule.Level)
	}
	return top
}

// Text says it in one sentence.
func (f Finding) Text() string {
	text := f.Rule.Title
	if f.Detail != "" {
		text += " (" + f.Detail + ")"
	}
	return text
}

// AddFile adds what is wrong with a file as a whole, such as its name.
func (r *Review) AddFile(path, detail string) {
	rule, _ := RuleOf("migration-file")
	r.Files = append(r.Files, Reviewed{path, []Judged{{Line: 1, Head: "-", Whole: true, Findings: []Finding{{Rule: rule, Line: 1, Detail: detail}}}}})
}
