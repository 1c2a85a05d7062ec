//go:build !linux

package statefolder

import "context"

// Volatile implements Disk. Elsewhere than on Linux nobody mounts a folder in
// memory without knowing.
func (Local) Volatile(context.Context, string) (bool, error) { return false, nil }
