package slot

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// LogError is a kind of error line that the candidate has and the live slot
// does not.
type LogError struct {
	Service string
	Fatal   bool
	Kind    string // the line, without what differs from one to the next
	Line    string // the first of the kind
	Count   int
}

// String tells how often, where and what.
func (e LogError) String() string { return fmt.Sprintf("%dx %s: %s", e.Count, e.Service, e.Line) }

// judgeLogs compares the candidate's errors since its start with those that the
// live slot has anyway. A log that cannot be read is not a log without errors.
func (d *deployment) judgeLogs(ctx context.Context, all []Container) ([]LogError, error) {
	ignore, err := d.settings.Logs.patterns()
	if err != nil {
		return nil, release.Reject("mend the pattern", "slots.logs: %w", err)
	}
	mine, err := d.errorsOf(ctx, all, time.Time{}, ignore)
	if err != nil {
		return nil, d.unreadable(err)
	}
	theirs, err := d.liveErrors(ctx, ignore)
	if err != nil {
		return nil, d.unreadable(err)
	}
	var fresh []LogError
	for key, e := range mine {
		if _, known := theirs[key]; !known || e.Fatal {
			fresh = append(fresh, *e)
		}
	}
	slices.SortFunc(fresh, func(a, b LogError) int { return strings.Compare(a.Service+a.Kind, b.Service+b.Kind) })
	d.showLogs(all, fresh)
	return fresh, d.verdict(fresh)
}

func (d *deployment) unreadable(err error) error {
	for _, id := range []string{"B.3.v3", "B.5.s1", "B.5.s2", "B.5.s3"} {
		d.found.Miss(id, "%v", err)
	}
	d.sayf("logs were not compared: %v", err)
	return nil
}

func (d *deployment) verdict(fresh []LogError) error {
	for _, e := range fresh {
		d.sayf("%s has %d lines that the live slot does not have: %s", e.Service, e.Count, e.Line)
	}
	for _, e := range fresh {
		if e.Fatal || d.settings.Logs.NewErrors == Fail {
			return release.Refuse("mend it, or add the line to logs.ignore when it is none",
				"%s logs %s", e.Service, e.Line)
		}
	}
	return nil
}

func (d *deployment) liveErrors(ctx context.Context, ignore []*regexp.Regexp) (map[string]*LogError, error) {
	if d.order.Live == nil {
		return nil, nil
	}
	all, err := d.order.Live.Inspect(ctx)
	if err != nil {
		return nil, err
	}
	return d.order.Live.errorsOf(ctx, all, time.Now().Add(-d.settings.Logs.Window), ignore)
}

// errorsOf reads the logs since a time, or from their beginning: the engine says
// that a container has started when its first lines may be written already.
func (e *Environment) errorsOf(ctx context.Context, all []Container, since time.Time, ignore []*regexp.Regexp) (map[string]*LogError, error) {
	kinds := map[string]*LogError{}
	for _, c := range all {
		if c.State == Created {
			continue
		}
		err := e.engine.Logs(ctx, c.ID, since, 0, func(line string) { count(kinds, c.Service, line, ignore) })
		if err != nil {
			return nil, fmt.Errorf("read log of %s of %s: %w", c, e.slot, err)
		}
	}
	return kinds, nil
}

// longestLine is how much of an error line is kept for people.
const longestLine = 300

func count(kinds map[string]*LogError, service, line string, ignore []*regexp.Regexp) {
	level, message := classify(line)
	if level == harmless || slices.ContainsFunc(ignore, func(p *regexp.Regexp) bool { return p.MatchString(line) }) {
		return
	}
	kind := fingerprint(message)
	key := service + "\x00" + kind
	if kinds[key] == nil {
		line = strings.ToValidUTF8(line[:min(len(line), longestLine)], "")
		kinds[key] = &LogError{Service: service, Kind: kind, Line: line}
	}
	kinds[key].Count++
	kinds[key].Fatal = kinds[key].Fatal || level == fatal
}
