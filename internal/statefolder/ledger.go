package statefolder

import (
	"context"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Ledger is the page of what cannot be observed. It implements traffic.Ledger.
type Ledger struct{ folder *Folder }

// Ledger is the page in the folder.
func (f *Folder) Ledger() *Ledger { return &Ledger{f} }

// Read implements traffic.Ledger.
func (l *Ledger) Read(ctx context.Context) (traffic.Page, error) {
	text, err := l.folder.Read(ctx, ledgerFile)
	if err != nil {
		return traffic.Page{}, err
	}
	page, err := traffic.DecodePage(text)
	if err != nil {
		return traffic.Page{}, fmt.Errorf("%s: %w", l.folder.File(ledgerFile), err)
	}
	return page, nil
}

// Update implements traffic.Ledger.
func (l *Ledger) Update(ctx context.Context, change func(*traffic.Page) error) error {
	return l.folder.Alone(ctx, func(ctx context.Context) error {
		page, err := l.Read(ctx)
		if err != nil {
			return err
		}
		if err := change(&page); err != nil {
			return err
		}
		text, err := page.Encode()
		if err != nil {
			return err
		}
		return l.folder.Put(ctx, ledgerFile, text)
	})
}
