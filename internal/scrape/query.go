package scrape

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
)

// evaluate asks the engine.
func (x *Scraper) evaluate(ctx context.Context, text string, at time.Time) (gate.Result, error) {
	query, err := x.engine.NewInstantQuery(ctx, x.store, nil, text, at)
	if err != nil {
		return gate.Result{}, fmt.Errorf("%w: %w", gate.ErrQuery, err)
	}
	defer query.Close()
	answer := query.Exec(ctx)
	if answer.Err != nil {
		return gate.Result{}, fault(ctx, answer.Err)
	}
	warnings, _ := answer.Warnings.AsStrings(text, 0, 0)
	result := gate.Result{At: at, Warnings: warnings}
	result.Series, err = numbers(answer)
	return result, err
}

// Parse refuses what the engine could not evaluate whatever it had scraped.
func (x *Scraper) Parse(text string) error {
	query, err := x.engine.NewInstantQuery(context.Background(), x.store, nil, text, time.Now())
	if err == nil {
		query.Close()
	}
	return err
}

// fault says whether the query or the time that it had is to blame.
func fault(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var slow promql.ErrQueryTimeout
	var ended promql.ErrQueryCanceled
	var broken promql.ErrStorage
	if errors.As(err, &slow) || errors.As(err, &ended) || errors.As(err, &broken) {
		return err
	}
	return fmt.Errorf("%w: %w", gate.ErrQuery, err)
}

// numbers reads an answer. An order that the engine does not promise is made, so
// that the same question has the same answer.
func numbers(answer *promql.Result) ([]gate.Series, error) {
	switch v := answer.Value.(type) {
	case promql.Scalar:
		return []gate.Series{{Value: v.V, At: time.UnixMilli(v.T)}}, nil
	case promql.Vector:
		list := make([]gate.Series, 0, len(v))
		slices.SortFunc(v, func(a, b promql.Sample) int { return compare(a.Metric, b.Metric) })
		for _, one := range v {
			if one.H != nil {
				return nil, fmt.Errorf("%w: its result is a native histogram: want a number", gate.ErrQuery)
			}
			list = append(list, gate.Series{Labels: one.Metric.Map(), Value: one.F, At: time.UnixMilli(one.T)})
		}
		return list, nil
	}
	return nil, fmt.Errorf("%w: its result is a %q: want a number", gate.ErrQuery, answer.Value.Type())
}

// Querier makes the store what the engine asks.
func (s *store) Querier(from, to int64) (storage.Querier, error) { return &window{s, from, to}, nil }
