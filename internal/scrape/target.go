package scrape

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/model/value"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// The limits of one answer.
const (
	maxBody   = 16 << 20 // bytes
	maxSeries = 10_000
)

// Target is one process to scrape.
type Target struct {
	Slot release.Slot
	Job  string // becomes the label job
	URL  string
}

// target is a process and the series that it had in the last scrape.
type target struct {
	Target
	fixed []labels.Label // slot, job and instance
	up    *series
	known map[string]*series // by the text before the value, as it was sent
	last  map[*series]bool   // in the last scrape
}

func newTarget(t Target, slot string) (*target, error) {
	if err := checkAddress(t.URL); err != nil {
		return nil, err
	}
	u, err := url.Parse(t.URL)
	if err != nil {
		return nil, errors.New("an address is none")
	}
	fixed := []labels.Label{{Name: slot, Value: string(t.Slot)}, {Name: "job", Value: t.Job}, {Name: "instance", Value: u.Host}}
	return &target{Target: t, fixed: fixed, known: map[string]*series{}, last: map[*series]bool{}}, nil
}

// scrape reads one target and stores what it said. A target that does not
// answer well has up 0 and no series.
func (x *Scraper) scrape(ctx context.Context, t *target) {
	at := time.Now()
	body, kind, err := x.fetch(ctx, t.URL)
	var found map[*series]float64
	if err == nil {
		found, err = t.parse(x.store, body, kind)
	}
	up := 1.0
	if err != nil {
		found, up = nil, 0
	}
	if t.up == nil {
		t.up = x.store.series(t.label(labels.FromStrings(nameLabel, "up")))
	}
	x.store.add(at.UnixMilli(), t.gone(found), found, map[*series]float64{t.up: up})
}

// gone lists the series of the scrape before that are not in this one, and
// forgets the texts that they were known by.
func (t *target) gone(found map[*series]float64) []*series {
	var list []*series
	for s := range t.last {
		if _, ok := found[s]; !ok {
			list = append(list, s)
		}
	}
	t.last = make(map[*series]bool, len(found))
	for s := range found {
		t.last[s] = true
	}
	for text, s := range t.known {
		if !t.last[s] {
			delete(t.known, text)
		}
	}
	return list
}

func (x *Scraper) fetch(ctx context.Context, address string) (body []byte, kind string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, "", err
	}
	request.Header.Set("Accept", "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.9,*/*;q=0.1")
	if x.settings.Token != "" {
		request.Header.Set("Authorization", "Bearer "+x.settings.Token.Reveal())
	}
	response, err := x.client.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, "", fmt.Errorf("status %d", response.StatusCode)
	}
	body, err = io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if len(body) > maxBody {
		err = errors.New("an answer of more than 16 MiB")
	}
	return body, response.Header.Get("Content-Type"), err
}

// parse reads an answer. The time of a sample is that of the scrape, whatever
// the answer says.
func (t *target) parse(into *store, body []byte, kind string) (map[*series]float64, error) {
	parser, err := textparse.New(body, kind, nil, textparse.ParserOptions{FallbackContentType: "text/plain"})
	if parser == nil {
		return nil, err
	}
	found := map[*series]float64{}
	for {
		entry, err := parser.Next()
		switch {
		case errors.Is(err, io.EOF):
			return found, nil
		case err != nil:
			return nil, err
		case entry != textparse.EntrySeries:
			continue
		case len(found) == maxSeries:
			return nil, fmt.Errorf("more than %d series", maxSeries)
		}
		text, _, v := parser.Series()
		s, ok := t.known[string(text)]
		if !ok {
			var has labels.Labels
			parser.Labels(&has)
			s = into.series(t.label(has))
			t.known[string(text)] = s
		}
		if value.IsStaleNaN(v) {
			v = math.NaN() // a marker is ours to give
		}
		found[s] = v
	}
}

// label adds the labels of the target. What the process itself calls by these
// names is kept under exported_, as Prometheus does.
func (t *target) label(has labels.Labels) labels.Labels {
	b := labels.NewBuilder(has)
	for _, l := range t.fixed {
		if own := has.Get(l.Name); own != "" {
			b.Set("exported_"+l.Name, own)
		}
		b.Set(l.Name, l.Value)
	}
	return b.Labels()
}
