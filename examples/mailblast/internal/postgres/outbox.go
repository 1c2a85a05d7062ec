package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/campaign"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/queue"
)

// Accepted is a message that a send has added.
type Accepted struct {
	ID        string `json:"id"`
	Recipient string `json:"recipient"`
}

const addMessages = `
INSERT INTO messages (id, recipient, job, campaign_id, slot, lane)
SELECT id, recipient, job, $4, $5, $6 FROM unnest($1::text[], $2::text[], $3::text[]) AS new (id, recipient, job)
ON CONFLICT (campaign_id, recipient) DO NOTHING
RETURNING id, recipient`

// domainOf is what the backfill of migration 004 writes into the messages before.
const domainOf = `lower(split_part(recipient, '@', 2))`

// addMessagesWithDomain is the same with the domain of each recipient.
const addMessagesWithDomain = `
INSERT INTO messages (id, recipient, job, campaign_id, slot, lane, domain)
SELECT id, recipient, job, $4, $5, $6, ` + domainOf + `
FROM unnest($1::text[], $2::text[], $3::text[]) AS new (id, recipient, job)
ON CONFLICT (campaign_id, recipient) DO NOTHING
RETURNING id, recipient`

// Accept adds one message for each recipient that the campaign does not have
// yet, in one transaction, and returns those. Repeating it adds nothing. The
// campaign's row is locked, so that its status and its messages change together.
func (s *Store) Accept(ctx context.Context, id, lane string, recipients []string) ([]Accepted, error) {
	ids, jobs, err := prepare(id, len(recipients))
	if err != nil {
		return nil, err
	}
	add := addMessages
	if s.domain {
		add = addMessagesWithDomain
	}
	var added []Accepted
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT id FROM campaigns WHERE id = $1 FOR UPDATE`, id).Scan(&id); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, add, ids, recipients, jobs, id, s.slot, lane)
		if added, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Accepted]); err != nil || len(added) == 0 {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE campaigns SET status = 'sending' WHERE id = $1`, id)
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, campaign.ErrUnknown
	}
	if err != nil {
		return nil, fmt.Errorf("accept %d recipients for campaign %s: %w", len(recipients), id, err)
	}
	return added, nil
}

func prepare(campaignID string, n int) (ids, jobs []string, err error) {
	ids, jobs = make([]string, n), make([]string, n)
	for i := range n {
		ids[i] = campaign.NewID()
		if jobs[i], err = queue.NewJob(ids[i], campaignID); err != nil {
			return nil, nil, err
		}
	}
	return ids, jobs, nil
}

// pending picks this slot's messages at once and the other slot's when they
// have waited so long that nobody there seems to push them.
const pending = `
SELECT id, lane, job FROM messages
WHERE status = 'pending' AND (slot = $1 OR created_at < now() - interval '10 seconds')
ORDER BY created_at LIMIT 500
FOR UPDATE SKIP LOCKED`

// Relay hands pending jobs, grouped by lane, to push and marks them as
// queued, and returns how many there were. The mark is committed after the
// push: a process that dies between the two pushes a job twice, and never not
// at all. The second copy finds the message settled and sends nothing.
func (s *Store) Relay(ctx context.Context, push func(ctx context.Context, lane string, jobs ...string) error) (int, error) {
	var ids []string
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		lanes := map[string][]string{}
		rows, _ := tx.Query(ctx, pending, s.slot)
		var id, lane, job string
		_, err := pgx.ForEachRow(rows, []any{&id, &lane, &job}, func() error {
			ids = append(ids, id)
			lanes[lane] = append(lanes[lane], job)
			return nil
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		for lane, jobs := range lanes {
			if err := push(ctx, lane, jobs...); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `UPDATE messages SET status = 'queued' WHERE id = ANY ($1)`, ids)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("relay outbox: %w", err)
	}
	return len(ids), nil
}

// Outbox counts the messages that were accepted and not yet queued.
func (s *Store) Outbox(ctx context.Context) (n int64, err error) {
	err = s.pool.QueryRow(ctx, `SELECT count(*) FROM messages WHERE status = 'pending'`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count outbox: %w", err)
	}
	return n, nil
}
