package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"

	"github.com/bluegreen-actions/bluegreen/internal/config"
)

// configured reads which rules the configuration allows, and which folders it names, so
// that lint says what migrate would. Its variables need not be set for that.
func (l *linting) configured() error {
	path := cmp.Or(l.config, ".github/bluegreen.yml")
	text, err := os.ReadFile(path)
	if l.config == "" && errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	unset := func(string) (string, bool) { return "", false }
	file, passed, err := config.LoadLenient(unset, nil, []string{}, config.Source{Name: path, Text: string(text)})
	if mistakes := passed.In("database"); err == nil && len(mistakes) > 0 {
		err = mistakes
	}
	l.database = file.Database
	return err
}
