package migration

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"
)

// backup makes sure that there is a verified backup of the state that the files
// are applied to, and clears the folder of old ones.
func (r *run) backup(ctx context.Context, p Pending, c Contract) error {
	s := r.settings.Backup
	if s.Policy == WhenPending && len(c.Files) == 0 && !p.needsBackup(r.id) {
		earlier, err := shelf{s.Directory}.of(p.State, r.id)
		if r.report.Backup, r.report.Reused = earlier, earlier != nil; earlier == nil {
			r.report.NoBackup = "no backup was taken: nothing was to be applied, and database.backup.policy is when-pending"
		}
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.Timeout, fmt.Errorf("it took longer than database.backup.timeout, %v", s.Timeout))
	defer cancel()
	if r.on.Keeper != nil {
		return r.external(ctx, p.State)
	}
	shelf := shelf{s.Directory}
	if err := os.MkdirAll(s.Directory, 0o700); err != nil {
		return fmt.Errorf("make backup folder: %w", err)
	}
	if err := shelf.sweep(); err != nil {
		return err
	}
	last, err := r.last(ctx, shelf, p.State)
	if err != nil {
		return err
	}
	began := time.Now()
	r.on.Progress(Event{Kind: BackupStarted, What: s.Directory})
	m, reused, err := shelf.reusable(p.State, c.State, r.id)
	if err == nil && !reused {
		m, err = take(ctx, s, r.on.Dumper, p.State, r.id, last)
	}
	if err == nil {
		m, err = r.store(ctx, m)
	}
	if err != nil {
		return err
	}
	r.report.Backup, r.report.Reused, r.report.BackupTook = &m, reused, time.Since(began)
	r.on.Progress(Event{Kind: BackupDone, What: m.Name, Took: r.report.BackupTook})
	return r.retain(ctx, shelf, p.State)
}

// last is the newest backup of the database, wherever it is kept; nil for none. It
// asks the vault before anything is dumped, so that one that is out of reach is
// known at once.
func (r *run) last(ctx context.Context, on shelf, state State) (*Shelved, error) {
	list, err := on.list(state.Database, state.System)
	if err != nil {
		return nil, err
	}
	all := shelvedOf(list)
	if r.on.Vault != nil {
		stored, err := r.on.Vault.List(ctx, state.Database, state.System)
		if err != nil {
			return nil, because(ctx, err)
		}
		all = append(all, stored...)
	}
	if len(all) == 0 {
		return nil, nil
	}
	newest := slices.MaxFunc(all, func(a, b Shelved) int { return a.At.Compare(b.At) })
	return &newest, nil
}

func shelvedOf(list []Manifest) (all []Shelved) {
	for _, m := range list {
		all = append(all, Shelved{m.Name, m.Bytes, m.TakenAt})
	}
	return all
}

// store copies the backup into the vault, where there is one.
func (r *run) store(ctx context.Context, m Manifest) (Manifest, error) {
	if r.on.Vault == nil {
		return m, nil
	}
	r.on.Progress(Event{Kind: BackupTaken, What: m.Name})
	stored, err := r.on.Vault.Store(ctx, m)
	if err != nil {
		return m, fmt.Errorf("store backup: %w", because(ctx, err))
	}
	keeping := r.on.Vault.Keeping(ctx, stored)
	r.report.Keeping = &keeping
	return stored, nil
}

// retain removes old backups from the folder, and lists what is kept. A vault
// removes its own, by its lifecycle: no release needs the right to delete there.
func (r *run) retain(ctx context.Context, on shelf, state State) error {
	list, err := on.list(state.Database, state.System)
	if err != nil {
		return err
	}
	s := r.settings.Backup
	r.report.Removed, err = on.prune(list, s.Keep, time.Now().Add(-s.KeepFor))
	if !s.Passing {
		r.report.Kept = shelvedOf(list[len(r.report.Removed):])
	}
	if err == nil && r.on.Vault != nil {
		r.report.Stored, err = r.on.Vault.List(ctx, state.Database, state.System)
	}
	return err
}

// leave removes what is only here while the run lasts.
func (r *run) leave() {
	s := r.settings.Backup
	if !s.Passing {
		return
	}
	on := shelf{s.Directory}
	if list, err := on.list(r.database, r.system); err == nil {
		for _, m := range list {
			_ = on.remove(m.Name) // the next run does, if it cannot be done
		}
	}
}
