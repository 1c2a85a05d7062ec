package gate

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"
)

// asker asks a source and refuses answers that are not to be trusted.
type asker struct{ source Source }

// all returns an answer without warnings.
func (a asker) all(ctx context.Context, query string) (Result, error) {
	answer, err := a.source.Query(ctx, query)
	switch {
	case err != nil:
		return Result{}, fmt.Errorf("ask %s: %w", clip(query), err)
	case len(answer.Warnings) > 0:
		return Result{}, doubtf(BadQuery, "%s: the source warns: %s", clip(query), clip(strings.Join(answer.Warnings, "; ")))
	}
	return answer, nil
}

// one returns the single finite number that query has, and false when nothing
// matched.
func (a asker) one(ctx context.Context, query string) (value float64, present bool, err error) {
	answer, err := a.all(ctx, query)
	if err != nil {
		return 0, false, err
	}
	switch len(answer.Series) {
	case 0:
		return 0, false, nil
	case 1:
		value = answer.Series[0].Value
	default:
		return 0, false, doubtf(BadQuery, "%s: %d series where one is expected: put sum() or max() around it", clip(query), len(answer.Series))
	}
	switch {
	case math.IsNaN(value):
		return 0, false, doubtf(NoTraffic, "%s: not a number, as 0 divided by 0 is", clip(query))
	case math.IsInf(value, 0):
		return 0, false, doubtf(BadQuery, "%s: infinite: the query divides by 0", clip(query))
	}
	return value, true, nil
}

// fresh refuses a selector whose newest sample is older than oldest.
func (a asker) fresh(ctx context.Context, sel string, oldest time.Duration) error {
	query := "max(timestamp(" + sel + "))"
	answer, err := a.all(ctx, query)
	if err != nil {
		return err
	}
	if len(answer.Series) == 0 {
		return doubtf(Stale, "%s has no present sample", clip(sel))
	}
	age := answer.At.Sub(seconds(answer.Series[0].Value))
	if !(age <= oldest) {
		return doubtf(Stale, "%s: the newest sample is %v old: want at most %v", clip(sel), age.Round(time.Second), oldest)
	}
	return nil
}

// seconds is the time that many seconds after 1970; a number that is no time is
// the zero time, which is never fresh.
func seconds(n float64) time.Time {
	if !(math.Abs(n) < 1e11) {
		return time.Time{}
	}
	return time.UnixMilli(int64(n * 1000))
}

// clip quotes foreign text in a message: its start, without control characters.
func clip(text string) string {
	const limit = 300
	if len(text) > limit {
		text = text[:limit] + "..."
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}
