package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/campaign"
)

// Message returns what a worker needs to send a message, or campaign.ErrUnknown.
func (s *Store) Message(ctx context.Context, id string) (campaign.Message, error) {
	m := campaign.Message{ID: id}
	err := s.pool.QueryRow(ctx, `
		SELECT m.campaign_id, m.recipient, c.subject, c.body,
		       CASE WHEN m.status IN ('pending', 'queued') THEN '' ELSE m.status END
		FROM messages m JOIN campaigns c ON c.id = m.campaign_id WHERE m.id = $1`, id).
		Scan(&m.CampaignID, &m.Recipient, &m.Subject, &m.Body, &m.Outcome)
	if errors.Is(err, pgx.ErrNoRows) {
		return campaign.Message{}, campaign.ErrUnknown
	}
	if err != nil {
		return campaign.Message{}, fmt.Errorf("load message %s: %w", id, err)
	}
	return m, nil
}

// Settle writes a message's verdict, once, and closes its campaign when it was
// the last one. The statements are one transaction. The campaign is locked
// first: of two workers that settle the last two messages at once, the second
// then sees the first one's; and Accept, which locks the campaign and may wait
// for a message, locks in the same order.
func (s *Store) Settle(ctx context.Context, m campaign.Message, v campaign.Verdict) error {
	var b pgx.Batch
	b.Queue(`SELECT 1 FROM campaigns WHERE id = $1 FOR UPDATE`, m.CampaignID)
	b.Queue(`UPDATE messages SET status = $2, response = $3, settled_by = $4, settled_at = now()
	         WHERE id = $1 AND status IN ('pending', 'queued')`, m.ID, v.Outcome, v.Response, v.By)
	b.Queue(`UPDATE campaigns SET status = 'sent' WHERE id = $1 AND status = 'sending' AND NOT EXISTS
	         (SELECT 1 FROM messages WHERE campaign_id = $1 AND status IN ('pending', 'queued'))`, m.CampaignID)
	if err := s.pool.SendBatch(ctx, &b).Close(); err != nil {
		return fmt.Errorf("settle message %s: %w", m.ID, err)
	}
	return nil
}
