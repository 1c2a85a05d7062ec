package demo

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// old is how many messages the application has sent before the load begins: enough
// for a backfill of many batches, which is over in a few seconds.
const old = 20_000

// Age writes what an application has that was in use for a while: a campaign that was
// sent, by a version that knew of no domain. Nothing of it is queued.
func (s *Stage) Age(ctx context.Context) error {
	db, err := pgx.Connect(ctx, s.secrets["DATABASE_URL"])
	if err != nil {
		return err
	}
	defer db.Close(ctx)
	return pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO campaigns (id, name, subject, body, status) VALUES ('old', 'old', 'hello', 'hello', 'sent')`)
		if err != nil {
			return fmt.Errorf("write an old campaign: %w", err)
		}
		_, err = tx.Exec(ctx, `INSERT INTO messages (id, campaign_id, recipient, status, slot, job, settled_at, settled_by, response)
			SELECT upper(md5(n::text)), 'old', 'old' || n || '@example.test', 'delivered', 'blue', '', now(), 'blue/old', '250 OK'
			FROM generate_series(1, $1::int) n`, old)
		if err != nil {
			return fmt.Errorf("write %d old messages: %w", old, err)
		}
		return nil
	})
}
