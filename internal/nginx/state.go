package nginx

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// The files in the state folder that are no markers.
const (
	lockFile   = "lock"
	seenFile   = "token"  // the newest token that was seen
	closedFile = "closed" // the newest token that a rollback has refused
	ledgerFile = "ledger.json"
	leaseFile  = "lease.json"
	probeFile  = "probe" // exists while the switch is being tried
)

var otherFiles = []string{lockFile, seenFile, closedFile, ledgerFile, leaseFile, probeFile}

// standing is which markers exist, in their order.
type standing struct {
	markers []marker
	files   map[marker]fs.FileInfo
}

// standing reads the markers. One that the configuration does not know is
// refused: nginx does not look at it, so it means nothing.
func (s *Switch) standing() (standing, error) {
	now := standing{files: map[marker]fs.FileInfo{}}
	infos, err := s.folder.list()
	if err != nil {
		return now, err
	}
	for _, info := range infos {
		if slices.Contains(otherFiles, info.Name()) {
			continue
		}
		m, err := parseMarker(info.Name())
		if err != nil && info.IsDir() {
			continue // such as lost+found; nginx looks for files only
		}
		if err == nil && (!slices.Contains(s.order, m) || !info.Mode().IsRegular()) {
			err = fmt.Errorf("marker %q is not one of this configuration's", info.Name())
		}
		if err != nil {
			return now, release.CannotTell("remove the file, or install the configuration that knows it", "state folder %s: %w", s.folder.path, err)
		}
		now.files[m] = info
	}
	for _, m := range s.order {
		if now.files[m] != nil {
			now.markers = append(now.markers, m)
		}
	}
	return now, nil
}

// weights is the split: the last marker decides.
func (n standing) weights() (release.Weights, error) {
	if len(n.markers) == 0 {
		return release.Weights{}, release.CannotTell("install the configuration again, naming the live slot", "the state folder has no marker: the split is not defined")
	}
	return n.markers[len(n.markers)-1].weights(), nil
}

const holdTime = 10 * time.Second

// fence is what the folder knows of tokens.
type fence struct{ seen, closed traffic.Token }

func (s *Switch) fence() (f fence, err error) {
	if f.seen, err = s.token(seenFile); err != nil {
		return f, err
	}
	f.closed, err = s.token(closedFile)
	return f, err
}

func (s *Switch) token(name string) (traffic.Token, error) {
	text, err := s.folder.read(name)
	if err != nil || len(text) == 0 {
		return 0, err
	}
	token, err := parseToken(text)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", s.folder.file(name), err)
	}
	return token, nil
}

// parseToken reads a whole number and a line end.
func parseToken(text []byte) (traffic.Token, error) {
	n, err := strconv.ParseUint(strings.TrimSuffix(string(text), "\n"), 10, 63)
	if err != nil {
		return 0, fmt.Errorf("token %q: want a whole number", text)
	}
	return traffic.Token(n), nil
}

func formatToken(t traffic.Token) []byte { return strconv.AppendUint(nil, uint64(t), 10) }

// apply makes exactly the wanted markers exist, which are given in their order.
func (s *Switch) apply(now standing, want []marker) error {
	for _, m := range want {
		if now.files[m] != nil {
			continue
		}
		if err := s.folder.put(m.name(), nil); err != nil {
			return err
		}
	}
	for _, m := range now.markers {
		if slices.Contains(want, m) {
			continue
		}
		if err := s.drop(m, now.files[m]); err != nil {
			return err
		}
	}
	return s.folder.sync()
}

// drop removes a marker that has lost. A rollback waits for no lock, so one may
// have come since the marker was seen: it has made a new file, which is put back.
func (s *Switch) drop(m marker, seen fs.FileInfo) error {
	if m.kind != back {
		return s.folder.remove(m.name())
	}
	aside := hidden + m.name() + ".gone"
	if err := s.folder.rename(m.name(), aside); err != nil {
		if os.IsNotExist(err) {
			return nil
		}
		return err
	}
	info, err := os.Stat(s.folder.file(aside))
	if err == nil && os.SameFile(info, seen) && info.ModTime().Equal(seen.ModTime()) {
		return s.folder.remove(aside)
	}
	if err := s.folder.rename(aside, m.name()); err != nil {
		return err
	}
	return errRestored
}

// exclusive runs f under the lock, which its holders need for milliseconds.
func (s *Switch) exclusive(ctx context.Context, f func() error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, holdTime, fmt.Errorf("somebody else holds it for more than %v", holdTime))
	defer cancel()
	unlock, err := s.folder.lock(ctx, unix.LOCK_EX)
	if err != nil {
		return err
	}
	defer unlock()
	return f()
}
