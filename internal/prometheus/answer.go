package prometheus

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
)

// answer is what /api/v1/query says. Source: the Prometheus HTTP API, stable.
type answer struct {
	Status string `json:"status"`
	Data   struct {
		ResultType string          `json:"resultType"`
		Result     json.RawMessage `json:"result"`
	} `json:"data"`
	ErrorType string   `json:"errorType"`
	Error     string   `json:"error"`
	Warnings  []string `json:"warnings"`
}

// element is one series of a vector.
type element struct {
	Metric map[string]string `json:"metric"`
	Value  *point            `json:"value"` // absent for a native histogram
}

// point is [seconds since 1970, "value"].
type point struct {
	at    time.Time
	value float64
}

// UnmarshalJSON refuses everything but a time and a quoted number.
func (p *point) UnmarshalJSON(text []byte) error {
	var pair [2]json.RawMessage
	if err := json.Unmarshal(text, &pair); err != nil {
		return fmt.Errorf("value: %w", err)
	}
	var at float64
	if err := json.Unmarshal(pair[0], &at); err != nil {
		return fmt.Errorf("time of a value: %w", err)
	}
	const latest = 1e11 // seconds; no evaluation is that late
	if !(math.Abs(at) < latest) || at == 0 {
		return fmt.Errorf("time of a value: %g is none", at)
	}
	var value string
	if err := json.Unmarshal(pair[1], &value); err != nil {
		return fmt.Errorf("value: %w", err)
	}
	number, err := strconv.ParseFloat(value, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("value %q is no number", printable(value))
	}
	p.at, p.value = time.UnixMilli(int64(math.Round(at*1000))), number
	return nil
}

func parse(body []byte) (answer, error) {
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return answer{}, errors.New("the answer is not that of a Prometheus server")
	}
	return a, nil
}

// decode reads the answer to an instant query. Its time is that of the values,
// and zero when there are none.
func decode(body []byte) (gate.Result, error) {
	a, err := parse(body)
	if err != nil {
		return gate.Result{}, err
	}
	if a.Status != "success" {
		return gate.Result{}, fmt.Errorf("status %q: %s", printable(a.Status), printable(a.Error))
	}
	elements, err := a.elements()
	if err != nil {
		return gate.Result{}, err
	}
	result := gate.Result{Warnings: a.Warnings}
	for _, e := range elements {
		if e.Value == nil {
			return gate.Result{}, fmt.Errorf("%w: its result is a native histogram: want a number", gate.ErrQuery)
		}
		result.At = e.Value.at
		result.Series = append(result.Series, gate.Series{Labels: e.Metric, Value: e.Value.value, At: e.Value.at})
	}
	return result, nil
}

func (a answer) elements() ([]element, error) {
	switch a.Data.ResultType {
	case "vector":
		var vector []element
		if err := json.Unmarshal(a.Data.Result, &vector); err != nil {
			return nil, fmt.Errorf("vector: %w", err)
		}
		return vector, nil
	case "scalar":
		var scalar point
		if err := json.Unmarshal(a.Data.Result, &scalar); err != nil {
			return nil, fmt.Errorf("scalar: %w", err)
		}
		if scalar.at.IsZero() {
			return nil, errors.New("scalar: the value is missing")
		}
		return []element{{Value: &scalar}}, nil
	}
	return nil, fmt.Errorf("%w: its result is a %q: want a number", gate.ErrQuery, printable(a.Data.ResultType))
}
