package acceptance_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// endLease winds the lease of a killed shift forward, so that nobody has to wait
// a minute for its expiry, which TestALostRunner shows.
func (h *house) endLease(t *testing.T) {
	t.Helper()
	key := "bluegreen:lease:" + h.Project
	state, err := h.leases.HGet(context.Background(), key, "state").Result()
	if err == nil && state == "held" {
		err = h.leases.HSet(context.Background(), key, "ends", 1).Err()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// tokenOf is the newest token that the load balancer has seen, as text.
func (h *house) tokenOf() string {
	text, _ := os.ReadFile(filepath.Join(h.variables["NGINX_STATE"], "token")) // there is none before the first shift
	return string(text)
}
