package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/campaign"
)

// ListLength is how many campaigns a list has at most, the newest first.
const ListLength = 100

// Create stores a new campaign as a draft.
func (s *Store) Create(ctx context.Context, n campaign.New) (campaign.Campaign, error) {
	c := campaign.Campaign{ID: campaign.NewID(), Name: n.Name, Subject: n.Subject, Body: n.Body}
	query := `INSERT INTO campaigns (id, name, subject, body) VALUES ($1, $2, $3, $4) RETURNING status, created_at`
	args := []any{c.ID, c.Name, c.Subject, c.Body}
	if s.metadata {
		c.Metadata = n.Metadata
		query = `INSERT INTO campaigns (id, name, subject, body, metadata) VALUES ($1, $2, $3, $4, $5) RETURNING status, created_at`
		args = append(args, nullable(n.Metadata))
	}
	if err := s.pool.QueryRow(ctx, query, args...).Scan(&c.Status, &c.CreatedAt); err != nil {
		return campaign.Campaign{}, fmt.Errorf("create campaign: %w", err)
	}
	return c, nil
}

func nullable(m json.RawMessage) any {
	if len(m) == 0 || string(m) == "null" {
		return nil
	}
	return []byte(m)
}

// List returns the newest campaigns, without their bodies.
func (s *Store) List(ctx context.Context) ([]campaign.Campaign, error) {
	rows, err := s.pool.Query(ctx,
		`SELECT id, name, subject, status, created_at FROM campaigns ORDER BY created_at DESC, id LIMIT $1`, ListLength)
	if err != nil {
		return nil, fmt.Errorf("list campaigns: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c campaign.Campaign, err error) {
		return c, row.Scan(&c.ID, &c.Name, &c.Subject, &c.Status, &c.CreatedAt)
	})
	if err != nil {
		return nil, fmt.Errorf("list campaigns: %w", err)
	}
	return list, nil
}

const report = `
SELECT c.id, c.name, c.subject, c.body, c.status, c.created_at,
       count(m.id) FILTER (WHERE m.status IN ('pending', 'queued')),
       count(m.id) FILTER (WHERE m.status = 'delivered'),
       count(m.id) FILTER (WHERE m.status = 'bounced'),
       count(m.id) FILTER (WHERE m.status = 'failed'),
       count(o.message_id), count(k.message_id)
FROM campaigns c
LEFT JOIN messages m ON m.campaign_id = c.id
LEFT JOIN tracking_events o ON o.message_id = m.id AND o.kind = 'open'
LEFT JOIN tracking_events k ON k.message_id = m.id AND k.kind = 'click'
WHERE c.id = $1
GROUP BY c.id`

// Report returns a campaign and what became of its messages, or
// campaign.ErrUnknown.
func (s *Store) Report(ctx context.Context, id string) (campaign.Report, error) {
	var r campaign.Report
	n := &r.Counts
	err := s.pool.QueryRow(ctx, report, id).Scan(&r.ID, &r.Name, &r.Subject, &r.Body, &r.Status, &r.CreatedAt,
		&n.Pending, &n.Delivered, &n.Bounced, &n.Failed, &n.Opened, &n.Clicked)
	if err == nil && s.metadata {
		err = s.pool.QueryRow(ctx, `SELECT metadata FROM campaigns WHERE id = $1`, id).Scan(&r.Metadata)
	}
	if err == nil && s.domain {
		r.Bounces, err = s.bounces(ctx, id)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return campaign.Report{}, campaign.ErrUnknown
	}
	if err != nil {
		return campaign.Report{}, fmt.Errorf("report campaign %s: %w", id, err)
	}
	return r, nil
}

// bounces counts by domain. A message of a version that does not write it has none
// until the backfill has come to it.
func (s *Store) bounces(ctx context.Context, id string) (map[string]int, error) {
	rows, _ := s.pool.Query(ctx, `SELECT coalesce(domain, `+domainOf+`), count(*) FROM messages
		WHERE campaign_id = $1 AND status = 'bounced' GROUP BY 1`, id)
	counts, domain, n := map[string]int{}, "", 0
	_, err := pgx.ForEachRow(rows, []any{&domain, &n}, func() error {
		counts[domain] = n
		return nil
	})
	return counts, err
}
