package review

import (
	"fmt"
	"slices"
	"strings"
)

func adds(kind Kind, holds func(*scene, Act, Constraint) bool) func(*scene, *Statement, Act) (string, bool) {
	return func(s *scene, _ *Statement, a Act) (string, bool) {
		c := *a.Constraint
		return fmt.Sprintf("%s of %v", strings.TrimSpace(string(c.Kind)+" "+c.Name), a.On), c.Kind == kind && holds(s, a, c)
	}
}

// kindOf is the kind of a constraint that is dropped: as known, else by the name
// that PostgreSQL gives.
func (s *scene) kindOf(a Act) Kind {
	if t := s.schema.Tables[a.On]; t != nil {
		if c, ok := t.Constraints[a.Called]; ok {
			return c.Kind
		}
	}
	for kind, suffix := range map[Kind]string{Primary: "_pkey", Foreign: "_fkey", Unique: "_key", Check: "_check"} {
		if strings.HasSuffix(a.Called, suffix) {
			return kind
		}
	}
	return ""
}

// key tells whether the column belongs to the primary key.
func (s *scene) key(a Act) bool {
	t := s.schema.Tables[a.On]
	return t != nil && slices.Contains(t.Primary, a.Column)
}

var constraintRules = []Rule{
	{
		ID: "add-check", Level: Risky, Rows: []int{16}, ops: []Op{AddConstraint},
		Title:   "a check is added and validated at once",
		Breaks:  "the whole table is scanned under ACCESS EXCLUSIVE, and the live version's rows are checked from then on",
		Instead: "add it NOT VALID, and validate it in a file of its own",
		Bad:     "ALTER TABLE users ADD CONSTRAINT adult CHECK (age > 17);", Good: "ALTER TABLE users ADD CONSTRAINT adult CHECK (age > 17) NOT VALID;",
		holds: adds(Check, func(_ *scene, _ Act, c Constraint) bool { return !c.NotValid }),
	},
	{
		ID: "add-check-not-valid", Level: Note, Rows: []int{17}, ops: []Op{AddConstraint},
		Title:   "a check is added that new rows must pass at once",
		Breaks:  "the live version's writes are refused where they do not pass",
		Instead: "make sure that the live version writes only what passes",
		Bad:     "ALTER TABLE users ADD CONSTRAINT adult CHECK (age > 17) NOT VALID;", Good: "ALTER TABLE users ADD COLUMN age int;",
		holds: adds(Check, func(_ *scene, _ Act, c Constraint) bool { return c.NotValid }),
		spares: func(s *scene, a Act) bool {
			return a.Constraint.PassesNull && s.schema.unwritten(a.On, a.Constraint.Columns)
		},
	},
	{
		ID: "add-foreign-key", Level: Risky, Rows: []int{20}, ops: []Op{AddConstraint},
		Title:   "a foreign key is added and validated at once",
		Breaks:  "nobody can write to either table (SHARE ROW EXCLUSIVE) while every row is checked",
		Instead: "add it NOT VALID, and validate it in a file of its own",
		Bad:     "ALTER TABLE users ADD FOREIGN KEY (team) REFERENCES teams;", Good: "ALTER TABLE users ADD FOREIGN KEY (team) REFERENCES teams NOT VALID;",
		holds: adds(Foreign, func(_ *scene, _ Act, c Constraint) bool { return !c.NotValid }),
	},
	{
		ID: "add-foreign-key-not-valid", Level: Note, Rows: []int{20}, ops: []Op{AddConstraint},
		Title:   "a foreign key is added that new rows must keep at once",
		Breaks:  "both tables are locked against writes for a moment; the live version's writes are refused where they do not fit",
		Instead: "make sure that the live version writes only what fits",
		Bad:     "ALTER TABLE users ADD FOREIGN KEY (team) REFERENCES teams NOT VALID;", Good: "ALTER TABLE users ADD COLUMN team bigint;",
		holds:  adds(Foreign, func(_ *scene, _ Act, c Constraint) bool { return c.NotValid }),
		spares: func(s *scene, a Act) bool { return s.schema.unwritten(a.On, a.Constraint.Columns) },
	},
	{
		ID: "foreign-key-without-index", Level: Note, Rows: []int{65}, ops: []Op{AddConstraint},
		Title:   "a foreign key has no index on its columns",
		Breaks:  "every delete in the other table reads the whole of this one",
		Instead: "build an index on its columns concurrently first",
		Given:   "CREATE TABLE users (id bigint PRIMARY KEY, team bigint, boss bigint);\nCREATE INDEX users_boss ON users (boss);",
		Bad:     "ALTER TABLE users ADD FOREIGN KEY (team) REFERENCES teams NOT VALID;", Good: "ALTER TABLE users ADD FOREIGN KEY (boss) REFERENCES users NOT VALID;",
		holds: adds(Foreign, func(s *scene, a Act, c Constraint) bool { return !s.covered(a.On, c.Columns) }),
	},
	{
		ID: "validate-with-not-valid", Level: Risky, Rows: []int{19}, ops: []Op{ValidateConstraint},
		Title:   "a constraint is validated in the transaction that has added it",
		Breaks:  "the strong lock of adding it is held over the whole scan: NOT VALID has won nothing",
		Instead: "validate it in a file of its own",
		Bad:     "ALTER TABLE users ADD CONSTRAINT adult CHECK (age > 17) NOT VALID;\nALTER TABLE users VALIDATE CONSTRAINT adult;", Good: "ALTER TABLE users VALIDATE CONSTRAINT adult;",
		holds: func(s *scene, _ *Statement, a Act) (string, bool) {
			return fmt.Sprintf("%s of %v", a.Called, a.On), s.notValid[a.On.String()+" "+a.Called]
		},
	},
	{
		ID: "add-unique", Level: Unsafe, Rows: []int{21}, ops: []Op{AddConstraint},
		Title:   "a unique constraint is added, with its index",
		Breaks:  "the index is built under ACCESS EXCLUSIVE, and the live version's rows have to be unique from then on",
		Instead: "CREATE UNIQUE INDEX CONCURRENTLY in a file of its own, then ADD CONSTRAINT … UNIQUE USING INDEX",
		Bad:     "ALTER TABLE users ADD CONSTRAINT one_nick UNIQUE (nick);", Good: "ALTER TABLE users ADD CONSTRAINT one_nick UNIQUE USING INDEX users_nick;",
		holds: adds(Unique, func(_ *scene, _ Act, c Constraint) bool { return c.Index == "" }),
	},
	{
		ID: "add-primary-key", Level: Unsafe, Rows: []int{21, 23}, ops: []Op{AddConstraint},
		Title:   "a primary key is added, with its index",
		Breaks:  "the index is built under ACCESS EXCLUSIVE, and the columns are made NOT NULL with a scan",
		Instead: "CREATE UNIQUE INDEX CONCURRENTLY in a file of its own, make the columns NOT NULL by way of a check, then ADD PRIMARY KEY USING INDEX",
		Given:   "CREATE TABLE users (id bigint NOT NULL);\nCREATE UNIQUE INDEX users_id ON users (id);",
		Bad:     "ALTER TABLE users ADD PRIMARY KEY (id);", Good: "ALTER TABLE users ADD PRIMARY KEY USING INDEX users_id;",
		holds: adds(Primary, func(_ *scene, _ Act, c Constraint) bool { return c.Index == "" }),
	},
	{
		ID: "primary-key-nullable", Level: Risky, Rows: []int{22}, ops: []Op{AddConstraint},
		Title:   "a primary key is made of an index whose columns may be null, as far as is known",
		Breaks:  "the columns are made NOT NULL with a scan under ACCESS EXCLUSIVE",
		Instead: "make them NOT NULL first, by way of a validated check",
		Given:   "CREATE TABLE users (id bigint NOT NULL, n bigint);\nCREATE UNIQUE INDEX users_id ON users (id);\nCREATE UNIQUE INDEX users_n ON users (n);",
		Bad:     "ALTER TABLE users ADD PRIMARY KEY USING INDEX users_n;", Good: "ALTER TABLE users ADD PRIMARY KEY USING INDEX users_id;",
		holds: adds(Primary, func(s *scene, a Act, c Constraint) bool { return c.Index != "" && s.nullable(a.On, c) }),
	},
	{
		ID: "change-primary-key", Level: Unsafe, Rows: []int{23}, ops: []Op{DropConstraint, AlterType, DropColumn},
		Title:   "the primary key is changed",
		Breaks:  "rows of the live version lose their identity, foreign keys go with it, and the index is built again under ACCESS EXCLUSIVE",
		Instead: "make a new key beside the old one, let both versions write it, and change over two releases later",
		Given:   "CREATE TABLE users (id int PRIMARY KEY, nick text);",
		Bad:     "ALTER TABLE users ALTER COLUMN id TYPE bigint;", Good: "ALTER TABLE users ADD COLUMN id2 bigint;",
		holds: func(s *scene, _ *Statement, a Act) (string, bool) {
			if a.Op == DropConstraint {
				return fmt.Sprintf("%s of %v", a.Called, a.On), s.kindOf(a) == Primary
			}
			return fmt.Sprintf("column %s of %v", a.Column, a.On), s.key(a)
		},
	},
	{
		ID: "add-exclusion", Level: Unsafe, Rows: []int{24}, ops: []Op{AddConstraint},
		Title:   "an exclusion constraint is added",
		Breaks:  "its index is built under ACCESS EXCLUSIVE; there is no NOT VALID for it",
		Instead: "make a new table that has it from the start, and move over; or keep the rule by a trigger",
		Bad:     "ALTER TABLE rooms ADD EXCLUDE USING gist (during WITH &&);", Good: "CREATE TABLE bookings (during tstzrange, EXCLUDE USING gist (during WITH &&));",
		holds: adds(Exclusion, func(*scene, Act, Constraint) bool { return true }),
	},
	{
		ID: "drop-foreign-key", Level: Risky, Rows: []int{25}, ops: []Op{DropConstraint},
		Title:   "a foreign key is dropped",
		Breaks:  "both tables are locked against everybody (ACCESS EXCLUSIVE) for a moment, and nothing keeps the rows together any more",
		Instead: "do it in a file of its own, so that no other lock is held meanwhile",
		Bad:     "ALTER TABLE users DROP CONSTRAINT users_team_fkey;", Good: "ALTER TABLE users DROP CONSTRAINT users_age_check;",
		holds: func(s *scene, _ *Statement, a Act) (string, bool) {
			return fmt.Sprintf("%s of %v", a.Called, a.On), s.kindOf(a) == Foreign
		},
	},
	{
		ID: "drop-constraint", Level: Risky, Rows: []int{26}, ops: []Op{DropConstraint},
		Title:   "a constraint is dropped",
		Breaks:  "the table is locked for a moment, and rows may come that the live version does not expect",
		Instead: "let a release that can read such rows go live first",
		Bad:     "ALTER TABLE users DROP CONSTRAINT adult;", Good: "ALTER TABLE users DROP CONSTRAINT users_team_fkey;",
		holds: func(s *scene, _ *Statement, a Act) (string, bool) {
			kind := s.kindOf(a)
			return fmt.Sprintf("%s of %v", a.Called, a.On), kind != Foreign && kind != Primary
		},
	},
	{
		ID: "alter-domain", Level: Risky, Rows: []int{62}, ops: []Op{AlterDomain},
		Title:   "a constraint is added to a domain, and validated at once",
		Breaks:  "every table that uses the domain is locked against writes (SHARE) and scanned",
		Instead: "add it NOT VALID, and validate it in a file of its own",
		Bad:     "ALTER DOMAIN positive ADD CHECK (VALUE < 1000);", Good: "ALTER DOMAIN positive ADD CONSTRAINT small CHECK (VALUE < 1000) NOT VALID;",
		holds: func(_ *scene, _ *Statement, a Act) (string, bool) {
			return "domain " + a.On.String(), a.To == "O" || a.To == "C" && a.Constraint != nil && !a.Constraint.NotValid
		},
	},
}

// covered tells whether an index begins with the columns, as far as is known.
func (s *scene) covered(table Name, columns []string) bool {
	if len(columns) == 0 {
		return true
	}
	for index, on := range s.schema.Indexes {
		if on == table && len(s.schema.Keys[index]) >= len(columns) && slices.Equal(s.schema.Keys[index][:len(columns)], columns) {
			return true
		}
	}
	if t := s.schema.Tables[table]; t != nil {
		for _, c := range t.Constraints {
			if (c.Kind == Primary || c.Kind == Unique) && len(c.Columns) >= len(columns) && slices.Equal(c.Columns[:len(columns)], columns) {
				return true
			}
		}
	}
	return false
}
