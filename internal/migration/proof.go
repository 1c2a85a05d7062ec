package migration

import "time"

// Proof is what a rehearsal has shown of one migration: up, down and up again on a
// scratch database, each behind the ones before it.
type Proof struct {
	Version    Version   `json:"version"`
	Up         string    `json:"up"`             // SHA-256 of the file that went up
	Down       string    `json:"down,omitempty"` // SHA-256 of the file that went down; "" when there was none to run
	Data       bool      `json:"data"`           // on the rows of a restored backup, not on the schema alone
	At         time.Time `json:"at"`
	Returned   bool      `json:"returned"`             // down left the schema that was there before up
	Again      bool      `json:"again"`                // up after down left the same schema as the first time
	Difference string    `json:"difference,omitempty"` // the first one between two schemas that should be equal
	Lost       []string  `json:"lost,omitempty"`       // what down or up took away that neither brings back, such as "column users.nick, 812 values"
}

// Of tells whether the proof is about the very files of m: one that has been
// edited since is proven by nothing.
func (p Proof) Of(m Migration) bool {
	return p.Version == m.Version && p.Up == m.Up.SHA256 && m.Down != nil && p.Down == m.Down.SHA256
}

// Reversible tells whether the rehearsal went back and forth without a difference
// and without a loss. What is written between up and down in production it cannot
// know; see Decide.
func (p Proof) Reversible() bool {
	return p.Down != "" && p.Returned && p.Again && len(p.Lost) == 0
}
