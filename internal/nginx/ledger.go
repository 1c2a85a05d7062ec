package nginx

import (
	"context"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Read implements traffic.Ledger.
func (s *Switch) Read(context.Context) (traffic.Page, error) {
	text, err := s.folder.read(ledgerFile)
	if err != nil {
		return traffic.Page{}, err
	}
	page, err := traffic.DecodePage(text)
	if err != nil {
		return traffic.Page{}, fmt.Errorf("%s: %w", s.folder.file(ledgerFile), err)
	}
	return page, nil
}

// Update implements traffic.Ledger.
func (s *Switch) Update(ctx context.Context, change func(*traffic.Page) error) error {
	return s.exclusive(ctx, func() error {
		page, err := s.Read(ctx)
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
		return s.folder.put(ledgerFile, text)
	})
}
