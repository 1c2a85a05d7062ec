package web

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Check asks a server of this host for a path and returns an error unless the
// answer is 200. It is the health check inside the container.
func Check(ctx context.Context, address, path string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return fmt.Errorf("check %s: %w", path, err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("check %s: %w", path, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("check %s: %s", path, answer.Status)
	}
	return nil
}
