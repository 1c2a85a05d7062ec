package gate

import (
	"cmp"
	"context"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// empty says why a query has no result: nothing is picked at one of its places, or
// there is too little of it yet. An increase needs two samples, which metrics that
// are scraped from now on do not have at once.
func (m measurement) empty(ctx context.Context, query string, window time.Duration) error {
	picked, err := selectors(query)
	if err != nil {
		return doubtf(BadQuery, "%v", err)
	}
	young := ""
	for _, s := range picked {
		samples, present, err := m.one(ctx, "max(count_over_time("+s.text+"["+promDuration(window)+"]))")
		switch {
		case err != nil:
			return err
		case !present:
			return doubtf(BadQuery, "no series of %s: a metric or label is misspelt, or nothing was ever counted", clip(s.text))
		case samples < 2:
			young = s.text
		}
	}
	if young != "" {
		return doubtf(Partial, "%s has a single sample within %v: an increase needs two", clip(young), window)
	}
	return doubtf(BadQuery, "no result, though each of its metrics had samples within %v: %s", window, clip(query))
}

// zero says whether nothing counted may be read as 0: only for errors, and only
// when every metric and label of the query is there in some other series.
func (m measurement) zero(ctx context.Context, query string) error {
	if m.rule.Errors == "" {
		return m.unbounded(ctx, query)
	}
	return exist(ctx, m.asker, query, m.known)
}

// unbounded names the bucket that a fraction asks for and the histogram has not.
func (m measurement) unbounded(ctx context.Context, query string) error {
	picked, err := selectors(query)
	if err != nil {
		return doubtf(BadQuery, "%v", err)
	}
	for _, s := range picked {
		bound, ok := s.bound()
		if !ok {
			continue
		}
		answer, err := m.all(ctx, "count by (le) ("+s.metric+")")
		if err != nil {
			return err
		}
		histogram, unit := strings.TrimSuffix(s.metric, "_bucket"), ""
		if strings.HasSuffix(histogram, "_seconds") {
			unit = " s"
		}
		return doubtf(BadQuery, "no bucket at %s%s in %s (has %s)", bound, unit, histogram, bounds(answer.Series))
	}
	return doubtf(BadQuery, "no series: is there a histogram with a bucket of this bound? %s", clip(query))
}

var boundForm = regexp.MustCompile(`[{,\s]le\s*=~?\s*"([^"|]+)`)

// bound is the bucket that the selector picks, such as 0.2 for le=~"0[.]2".
func (s selector) bound() (string, bool) {
	found := boundForm.FindStringSubmatch(s.text)
	if found == nil || s.metric == "" {
		return "", false
	}
	text := strings.NewReplacer("[.]", ".", `\\.`, ".", "[+]", "+").Replace(found[1])
	_, err := strconv.ParseFloat(text, 64)
	return text, err == nil
}

// bounds lists the finite bounds of a histogram, least first.
func bounds(series []Series) string {
	var all []float64
	for _, s := range series {
		if le, err := strconv.ParseFloat(s.Labels["le"], 64); err == nil && !math.IsInf(le, 0) {
			all = append(all, le)
		}
	}
	slices.Sort(all)
	var texts []string
	for _, le := range slices.Compact(all) {
		texts = append(texts, strconv.FormatFloat(le, 'g', -1, 64))
	}
	return cmp.Or(strings.Join(texts, ", "), "none")
}

// exist refuses a query with a metric or label that no series has. What was
// found is kept in known.
func exist(ctx context.Context, a asker, query string, known map[string]bool) error {
	picked, err := selectors(query)
	if err != nil {
		return doubtf(BadQuery, "%v", err)
	}
	for _, s := range picked {
		if s.metric == "" {
			return doubtf(BadQuery, "no series, and no metric's name before the braces to look for: %s", clip(query))
		}
		for _, probe := range s.probes() {
			if known[probe] {
				continue
			}
			_, present, err := a.one(ctx, probe)
			switch {
			case err != nil:
				return err
			case !present:
				return doubtf(BadQuery, "no series for %s: a metric or label is misspelt, or not exposed before the first event", clip(probe))
			}
			known[probe] = true
		}
	}
	return nil
}
