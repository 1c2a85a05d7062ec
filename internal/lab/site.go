package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// site is a folder with services: the shared lab, or one of the caller's own.
// Its file lab.json names what runs, and is read and changed under lab.lock.
type site struct{ dir string }

// started is a service that was started, as lab.json has it. The file can be
// read by its owner only, since it has the password.
type started struct {
	identity
	Address  string `json:"address"` // host:port
	Password string `json:"password,omitempty"`
	Dir      string `json:"dir"` // its data and log, removed with it
}

func shared() (site, error) {
	home, err := Home()
	if err != nil {
		return site{}, err
	}
	return at(home)
}

func at(dir string) (site, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return site{}, err
	}
	dir, err = folder(dir)
	return site{dir}, err
}

// change runs f with what lab.json says, under the lock. What f needs to have
// on disk before it goes on, it saves itself.
func (s site) change(ctx context.Context, f func(map[string]started) error) error {
	release, err := lock(ctx, filepath.Join(s.dir, "lab.lock"), alone)
	if err != nil {
		return err
	}
	defer release()
	have, err := s.load()
	if err != nil {
		return err
	}
	return f(have)
}

func (s site) load() (map[string]started, error) {
	have := map[string]started{}
	path := filepath.Join(s.dir, "lab.json")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return have, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &have); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return have, nil
}

func (s site) save(have map[string]started) error {
	text, err := json.MarshalIndent(have, "", "  ")
	if err != nil {
		return err
	}
	return replace(filepath.Join(s.dir, "lab.json"), text, 0o600)
}

// down stops what this site started and removes its data.
func (s site) down(ctx context.Context) error {
	return s.change(ctx, func(have map[string]started) error {
		var errs []error
		for name, one := range have {
			one.end(ctx)
			errs = append(errs, os.RemoveAll(one.Dir))
			delete(have, name)
		}
		return errors.Join(append(errs, s.save(have))...)
	})
}
