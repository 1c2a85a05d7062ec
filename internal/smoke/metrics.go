package smoke

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

// metrics says which of the wanted metrics a body does not have, and whether it is
// what Prometheus could read.
func (c Check) metrics(body []byte) error {
	if len(c.Expect.Metrics) == 0 {
		return nil
	}
	parser, err := textparse.New(body, "text/plain", nil, textparse.ParserOptions{FallbackContentType: "text/plain"})
	if parser == nil {
		return fmt.Errorf("body is no text of Prometheus: %w", err)
	}
	missing := slices.Clone(c.Expect.Metrics)
	for {
		entry, err := parser.Next()
		switch {
		case errors.Is(err, io.EOF) && len(missing) == 0:
			return nil
		case errors.Is(err, io.EOF):
			return fmt.Errorf("no sample of %q", missing)
		case err != nil:
			return fmt.Errorf("body is no text of Prometheus: %s", c.quote([]byte(err.Error())))
		case entry != textparse.EntrySeries:
			continue
		}
		if _, _, value := parser.Series(); math.IsNaN(value) {
			continue
		}
		var series labels.Labels
		parser.Labels(&series)
		missing = slices.DeleteFunc(missing, func(name string) bool { return name == series.Get("__name__") })
	}
}
