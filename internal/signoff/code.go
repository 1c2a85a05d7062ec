package signoff

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Code names a set of images in 12 hex digits, short enough to be quoted in a
// comment. Another digest, name or number of images gives another code.
func Code(images map[string]release.Digest) string {
	hash := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(images)) {
		fmt.Fprintf(hash, "%q %s\n", name, images[name])
	}
	return fmt.Sprintf("%x", hash.Sum(nil))[:12]
}
