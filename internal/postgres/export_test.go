package postgres

import (
	"context"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

// Fingerprint is what a run compares on the live database, and Shape what a rehearsal
// does on a scratch database, here of the same one.
func (d *Database) Fingerprint(ctx context.Context) (string, error) {
	s, err := d.Lock(ctx, "test", func(string) {})
	if err != nil {
		return "", err
	}
	defer s.Close()
	return Fingerprint(ctx, s)
}

func Fingerprint(ctx context.Context, s migration.Session) (string, error) {
	return s.(*session).fingerprint(ctx)
}

// Reading is in front of every fingerprint.
const Reading = reading

func (d *Database) Shape(ctx context.Context) (migration.Shape, error) {
	t, err := d.programs(ctx, "")
	if err != nil {
		return nil, err
	}
	return d.shape(ctx, t, d.at.env, "public")
}
