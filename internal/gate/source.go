package gate

import (
	"context"
	"errors"
	"time"
)

// Source answers PromQL at its own present time.
type Source interface {
	// Query evaluates one instant query. A query that the source refuses for
	// what it says is an error that wraps ErrQuery; every other error means that
	// the source could not be asked.
	Query(ctx context.Context, promql string) (Result, error)
}

// Parser is a source that can say of a query without asking anybody that it is none.
type Parser interface {
	Parse(promql string) error
}

// ErrQuery is wrapped by the errors of queries that are wrong in themselves:
// asking again would not help.
var ErrQuery = errors.New("the query was refused")

// Result is the answer to an instant query.
type Result struct {
	Series   []Series // none when nothing matched; one without labels for a scalar
	Warnings []string // the source doubts its answer; any of them makes it Inconclusive
	At       time.Time
}

// Series is one value of an answer. Its time is that of the evaluation, which
// says nothing about the age of the sample behind it.
type Series struct {
	Labels map[string]string
	Value  float64 // may be NaN or infinite
	At     time.Time
}
