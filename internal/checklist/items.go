package checklist

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Kind is how an item is shown.
type Kind string

// The kinds of item.
const (
	Automatic  Kind = "automatic"  // by an observation in each release
	Demo       Kind = "demo"       // a property of the tool: shown by its tests and its demo, not in a release
	Later      Kind = "later"      // after the rollback window, by the scheduled clean-up
	Substitute Kind = "substitute" // impossible as the plan has it; How says what is shown instead
	SignOff    Kind = "sign-off"   // by a person in the Role
	Refers     Kind = "refers"     // by the items that it refers to
)

// Means is what can show an item in a release.
type Means string

// The means.
const (
	Tool   Means = "tool"   // an action, by itself, and nobody else
	Checks Means = "check"  // a check of smoke that the configuration writes; without one, somebody who has seen it
	Rules  Means = "rule"   // a rule of gates that the configuration writes; likewise
	People Means = "person" // nothing but somebody who has seen it
)

// Item is one line of the plan.
type Item struct {
	ID      string
	Section string // number and title, such as "6.1 Pre-deployment: testing"
	Text    string
	Kind    Kind
	Role    string   // of a sign-off, such as "qa"
	Refers  []string // what decides a Refers item; what is shown beside a SignOff
	How     string   // what has to be observed, in short
	Owner   string   // the action that shows it
	By      Means    // what shows it, of an item that an observation shows

	aside bool // a release need not show it: Demo, Later, or it refers to such items only
}

//go:embed items.tsv
var table string

// Items returns the plan's items in the plan's order.
func Items() []Item { return slices.Clone(items()) }

var items = sync.OnceValue(func() []Item {
	lines := strings.Split(strings.TrimSuffix(table, "\n"), "\n")[1:]
	all := make([]Item, len(lines))
	for i, line := range lines {
		all[i] = parse(line)
	}
	aside := map[string]bool{}
	for _, item := range all {
		aside[item.ID] = item.Kind == Demo || item.Kind == Later
	}
	for i := range all {
		all[i].Refers = expand(all[i].Refers, all)
		counts := func(ref string) bool { return !aside[ref] }
		all[i].aside = aside[all[i].ID] || all[i].Kind == Refers && !slices.ContainsFunc(all[i].Refers, counts)
	}
	return all
})

// Unknown returns the ids that are none of the plan's.
func Unknown(ids []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		return slices.ContainsFunc(items(), func(i Item) bool { return i.ID == id })
	})
}

// parse reads one line of the embedded table. A line of another shape is a
// fault of the program, which its tests catch.
func parse(line string) Item {
	f := strings.Split(line, "\t")
	if len(f) != 8 {
		panic(fmt.Sprintf("items.tsv: %d fields, want 8: %q", len(f), line))
	}
	kind, role, _ := strings.Cut(f[3], " ")
	return Item{
		ID: f[0], Section: f[1], Text: f[2], Kind: Kind(kind), Role: role,
		Refers: strings.Fields(f[4]), How: f[5], Owner: f[6], By: Means(f[7]),
	}
}

// expand replaces a reference such as B.* by every item under B that a release
// can show.
func expand(refs []string, all []Item) []string {
	var ids []string
	for _, ref := range refs {
		prefix, whole := strings.CutSuffix(ref, "*")
		if !whole {
			ids = append(ids, ref)
			continue
		}
		for _, item := range all {
			if strings.HasPrefix(item.ID, prefix) && item.Kind != Demo {
				ids = append(ids, item.ID)
			}
		}
	}
	return ids
}

// ofRollback reports whether the item is about a rollback, so that only a
// release that was rolled back can show it.
func (i Item) ofRollback() bool {
	return i.Owner == "rollback" || strings.HasPrefix(i.ID, "4.")
}

// Due reports whether a release has to show the item before it can be approved.
func (i Item) Due(rolledBack bool) bool {
	switch {
	case i.aside, i.ID == overallID:
		return false
	case i.ofRollback():
		return rolledBack
	}
	return true
}
