// Package container finds out which container a process runs in.
package container

import (
	"crypto/rand"
	"os"
	"regexp"
	"strings"
)

// Docker mounts /etc/hostname and others from a folder named after the
// container's full id. The host name itself is the host's with network_mode host.
var mounted = regexp.MustCompile(`/containers/([0-9a-f]{12})[0-9a-f]{52}/`)

// ID returns the short id of the container, as docker ps prints it, or an
// empty string outside of one.
func ID() string {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	return find(string(mounts))
}

func find(mountinfo string) string {
	if m := mounted.FindStringSubmatch(mountinfo); m != nil {
		return m[1]
	}
	return ""
}

// Name returns the first of these that is there: the name given, the
// container's id, a random name.
func Name(given string) string {
	if given != "" {
		return given
	}
	if id := ID(); id != "" {
		return id
	}
	return strings.ToLower(rand.Text()[:12])
}
