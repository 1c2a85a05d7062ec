package gate

import "fmt"

// selector is one place in a query where series are picked, such as
// http_requests_total{slot="green"}. Names are kept as written.
type selector struct {
	text   string
	metric string   // empty when only labels pick
	labels []string // that must be there to match, so not those of != and !~
}

// probes ask how many series of any slot have the metric, and each label of it.
func (s selector) probes() []string {
	if len(s.labels) == 0 {
		return []string{"count(" + s.metric + ")"}
	}
	var list []string
	for _, label := range s.labels {
		list = append(list, fmt.Sprintf(`count(%s{%s!=""})`, s.metric, label))
	}
	return list
}

// maxQuery is the length of a query in bytes.
const maxQuery = 16 << 10

// selectors finds where query picks series, each place once. It reads PromQL's
// words, strings, ranges and braces, and leaves the grammar to the source.
func selectors(query string) ([]selector, error) {
	s, err := scan(query)
	if err != nil {
		return nil, err
	}
	return s.found, nil
}

func scan(query string) (scanner, error) {
	s := scanner{text: query}
	if len(query) > maxQuery {
		return s, fmt.Errorf("query of %d bytes: want at most %d", len(query), maxQuery)
	}
	for s.at < len(s.text) {
		if err := s.next(); err != nil {
			return s, fmt.Errorf("query %q: %w", query, err)
		}
	}
	return s, nil
}
