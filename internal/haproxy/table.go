package haproxy

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// The rules of the map, which the generated configuration and the reader below
// follow alike. Its values are whole numbers. A split is green's share, 0 to 100:
//
//	good    green's share after a rollback: 0 or 100
//	share   green's share as the last move forward has it
//	epoch   the token of that move
//	closed  the newest token that a rollback has refused
//	seen    the newest token that was announced
//	back    another number after each rollback
//	live    green's share when all was settled last: 0 or 100; it says which slot a preview shows
//	probe   1 while HAProxy is being tried
//
// The share counts while its epoch is newer than what is closed, else good does.
// So the tokens are compared by HAProxy, in every request, and one that was
// overtaken has no effect whenever it writes.
//
// A move forward announces its token, then looks whether a rollback has come
// since it looked first; then it writes the share, then the epoch. A rollback
// writes good and epoch 0, which moves the traffic and needs no look; then it
// closes what was announced, says that it was there, looks whether a token was
// announced meanwhile, and closes that too. So of two that know nothing of each
// other one always sees the other, and after each single write the split is
// either the one before or the one after.
const (
	good   = "good"
	share  = "share"
	epoch  = "epoch"
	closed = "closed"
	seen   = "seen"
	back   = "back"
	live   = "live"
	probe  = "probe"
)

// keys are all keys, in the order of the file.
var keys = []string{good, share, epoch, closed, seen, back, live, probe}

// table is the map, or as much of it as is there.
type table map[string]int64

// first is the table when nothing has happened yet.
func first(slot release.Slot) table {
	t := table{}
	for _, key := range keys {
		t[key] = 0
	}
	t[good], t[live] = percent(slot), percent(slot)
	return t
}

// percent is green's share when the slot has everything.
func percent(slot release.Slot) int64 { return int64(release.Split(slot, 100).Green) }

// whole refuses a table that lacks a key.
func (t table) whole() error {
	for _, key := range keys {
		if _, ok := t[key]; !ok {
			return release.CannotTell("give the traffic to the good slot with a rollback, which makes the map whole", "the map has no %s: the split is not defined", key)
		}
	}
	return nil
}

// weights is the split that HAProxy makes of the table.
func (t table) weights() (release.Weights, error) {
	if err := t.whole(); err != nil {
		return release.Weights{}, err
	}
	key := good
	if t[epoch] > t[closed] {
		key = share
	}
	if t[key] < 0 || t[key] > 100 {
		return release.Weights{}, release.CannotTell("give the traffic to the good slot with a rollback", "the map has %s %d: want 0 to 100", key, t[key])
	}
	return release.Split(release.Green, release.Weight(t[key])), nil
}

// newest is the newest token that the table knows.
func (t table) newest() int64 { return max(t[seen], t[epoch]) }

// pass refuses a stale token.
func (t table) pass(token traffic.Token) error {
	newest := max(t.newest(), t[closed])
	if int64(token) < t.newest() || int64(token) <= t[closed] {
		return &traffic.Stale{Token: token, Seen: traffic.Token(newest)}
	}
	return nil
}

// with is the table after a change.
func (t table) with(key string, value int64) table {
	next := maps.Clone(t)
	next[key] = value
	return next
}

// encode is the table as the file has it. A probe is never written down.
func (t table) encode() []byte {
	var b strings.Builder
	b.WriteString(comment)
	for _, key := range keys {
		fmt.Fprintf(&b, "%s %d\n", key, t.with(probe, 0)[key])
	}
	return []byte(b.String())
}

const comment = "# Kept by bluegreen: what HAProxy starts with. It does not read it again.\n"

// parseFile reads what encode has written.
func parseFile(text []byte) (table, error) {
	t := table{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := t.add(line); err != nil {
			return nil, err
		}
	}
	return t, t.whole()
}

var entryForm = regexp.MustCompile(`^([a-z]+) (-?[0-9]{1,19})$`)

// add takes one entry, such as "share 10". Of several for one key the first one
// counts, as it does for HAProxy.
func (t table) add(entry string) error {
	m := entryForm.FindStringSubmatch(entry)
	if m == nil || !slices.Contains(keys, m[1]) {
		return fmt.Errorf("map entry %.60q: want one of %s and a whole number", entry, strings.Join(keys, ", "))
	}
	n, err := strconv.ParseInt(m[2], 10, 64)
	if err != nil {
		return fmt.Errorf("map entry %.60q: want a whole number", entry)
	}
	if _, twice := t[m[1]]; !twice {
		t[m[1]] = n
	}
	return nil
}

var shownForm = regexp.MustCompile(`^0x[0-9a-f]+ (.*)$`)

// parseShown reads the answer to commands that change the map and show it. What
// is no entry is a complaint. A foreign entry or value is left out, and so is
// missed by whole: HAProxy takes it for nothing as well.
func parseShown(text string) (table, error) {
	t := table{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		m := shownForm.FindStringSubmatch(line)
		if m == nil {
			return nil, fmt.Errorf("HAProxy says %.120q", line)
		}
		_ = t.add(m[1]) // see above
	}
	return t, nil
}
