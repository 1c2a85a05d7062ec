package nginx

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Try implements traffic.Trier. It reads the generated files back, asks nginx on
// connections of their own which configuration it runs, and lets it see a file
// come and go, under a name that it has never looked for. The one thing that it
// may change is the configured default, where a killed process has left the
// wrong one.
func (s *Switch) Try(ctx context.Context) error {
	if err := s.lasting(ctx); err != nil {
		return err
	}
	if err := s.Installed(ctx); err != nil {
		return err
	}
	var idle release.Slot
	err := s.folder.Alone(ctx, func(ctx context.Context) error { // and nothing that asks nginx, which may be far away
		now, err := s.standing(ctx)
		if err != nil {
			return err
		}
		if _, err := now.weights(); err != nil {
			return err
		}
		idle = now.live().Other()
		return errors.Join(s.start(ctx, now.live()), s.unprobe(ctx))
	})
	if err != nil {
		return err
	}
	if err := s.runs(ctx); err != nil {
		return err
	}
	return errors.Join(s.sees(ctx), s.previews(ctx, idle))
}

// remedies of what Try finds.
const (
	installAgain = "run bluegreen nginx install, then nginx -t and nginx -s reload"
	reloadAgain  = "run nginx -t and nginx -s reload; where that has been done, in a container, mount the folder of the configuration and not single files"
)

// Installed says whether the generated files are on the disk as the settings
// have them, whatever nginx runs.
func (s *Switch) Installed(ctx context.Context) error {
	for _, f := range Config(s.settings, s.steps, release.Blue) {
		if err := s.installed(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

var madeForm = regexp.MustCompile(`^# Made by bluegreen, configuration ([0-9a-f]{12});`)

func (s *Switch) installed(ctx context.Context, f File) error {
	text, err := s.disk.Read(ctx, f.Path)
	made := madeForm.FindSubmatch(text)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return release.Refuse(installAgain, "%s is not there", f.Path)
	case errors.Is(err, fs.ErrPermission):
		return release.CannotTell("let this user own the generated files", "read %s: %w", f.Path, err)
	case err != nil:
		return fmt.Errorf("read %s: %w", f.Path, err)
	case f.Mode&0o077 == 0:
		return s.secret(ctx, f, string(text))
	case string(text) == f.Text || f.Text == defaultText(release.Blue) && string(text) == defaultText(release.Green):
		return nil
	case made != nil && string(made[1]) != newView(s.settings, s.steps).Hash:
		return release.Refuse(installAgain, "%s was made for other settings or other steps: it is configuration %s, and these are %s", f.Path, made[1], newView(s.settings, s.steps).Hash)
	}
	return release.Refuse("find out who changed it, and keep it from that; then "+installAgain, "%s is not as it was made: somebody else has changed it", f.Path)
}

// secret looks at the file of the preview, whose text is never told.
func (s *Switch) secret(ctx context.Context, f File, text string) error {
	e, err := s.disk.Stat(ctx, f.Path)
	switch {
	case err != nil:
		return fmt.Errorf("read %s: %w", f.Path, err)
	case e.Mode.Perm()&0o077 != 0:
		return release.Refuse("run chmod 600 "+f.Path+", and choose another value for preview", "%s has a secret and can be read by others: mode %v", f.Path, e.Mode.Perm())
	case text != f.Text:
		return release.Refuse(installAgain, "%s is not of the value of preview", f.Path)
	}
	return nil
}

// looks is how many connections a look takes, so that each of nginx's workers,
// and each nginx of several, is likely to be among those that answer.
const looks = 16

// probeTime is longer than a probe exists.
const probeTime = time.Minute

// look asks on connections of their own, all at once.
func (s *Switch) look(ctx context.Context, ask question) (all []answer, stranger error, err error) {
	var answers [looks]answer
	var errs [looks]error
	var every sync.WaitGroup
	for i := range looks {
		every.Go(func() { answers[i], errs[i] = s.askBy(ctx, s.fresh, ask) })
	}
	every.Wait()
	for i, err := range errs {
		var strange *strangerError
		switch {
		case errors.As(err, &strange):
			stranger = err
		case err != nil:
			return nil, nil, err
		default:
			all = append(all, answers[i])
		}
	}
	return all, stranger, nil
}

// runs refuses an nginx that runs another configuration, and whoever else
// answers in its place.
func (s *Switch) runs(ctx context.Context) error {
	all, stranger, err := s.look(ctx, question{})
	if err != nil {
		return err
	}
	want := newView(s.settings, s.steps).Hash
	other, others, above := "", 0, want
	for _, a := range all {
		if a.http != "" && a.http != want {
			above = a.http
		}
		if a.config != want {
			other, others = a.config, others+1
		}
	}
	switch {
	case len(all) == 0:
		return release.Refuse("include "+beside(s.settings.Config, serverEnding)+" in the server that answers there, and reload nginx; or set url, and host where nginx chooses the server by name",
			"another server answers at %s: %w", s.settings.URL, stranger)
	case stranger != nil:
		return release.Refuse("stop the other one, or set url to one of them", "several servers answer at %s, and some are not split: %w", s.settings.URL, stranger)
	case others == len(all):
		return release.Refuse(reloadAgain, "nginx at %s has not been reloaded since the configuration was installed: it runs %s, and the files are %s", s.settings.URL, other, want)
	case others == 0 && above != want:
		return release.Refuse("give each application an nginx of its own, or put the services of both under one router",
			"nginx at %s splits by another configuration of the http level: %s is included behind %s, and one nginx has one", s.settings.URL, above, want)
	case others > 0:
		return release.Refuse("stop the one that is left over, or set url to one of them", "several nginx answer at %s: %d of %d run configuration %s, and the files are %s", s.settings.URL, others, len(all), other, want)
	}
	return s.clock(ctx, all[0].date)
}

// clock refuses an nginx whose clock is not that of the state folder: then it is
// not on that host, or nobody can tell when a lease ends.
func (s *Switch) clock(ctx context.Context, there time.Time) error {
	const most = 30 * time.Second
	here, err := s.disk.Now(ctx)
	if err != nil || there.IsZero() {
		return err
	}
	if off := here.Sub(there).Abs(); off > most {
		return release.Refuse("set both clocks, or set url and state to the same host", "nginx at %s and the state folder have clocks that are %v apart", s.settings.URL, off.Round(time.Second))
	}
	return nil
}

// sees refuses an nginx that does not see files come, or not see them go. A cache is
// each worker's own, and it is found only by one that has answered before and after,
// so it is looked for more than once.
func (s *Switch) sees(ctx context.Context) error {
	for range 3 {
		if err := s.seesOne(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *Switch) seesOne(ctx context.Context) error {
	id := make([]byte, 8)
	_, _ = rand.Read(id) // never fails
	ask := question{probe: hex.EncodeToString(id)}
	name := probePrefix + ask.probe
	if err := s.folder.Put(ctx, name, nil); err != nil {
		return err
	}
	came, err := s.seen(ctx, ask)
	if problem := s.folder.Remove(ctx, name); err != nil || problem != nil {
		return errors.Join(err, problem)
	}
	stays, err := s.seen(ctx, ask)
	switch {
	case err != nil:
		return err
	case came == 0:
		return release.Refuse("let nginx see the folder at the same path, readable by its workers: in a container, mount it",
			"nginx at %s does not see the files in %s", s.settings.URL, s.folder.Path())
	case came < looks:
		return release.Refuse("stop the other one, or set url to one of them",
			"several nginx answer at %s, and some do not see the files in %s", s.settings.URL, s.folder.Path())
	case stays > 0:
		return release.Refuse("remove open_file_cache from the servers that are split, and the file "+beside(s.settings.Config, serverEnding)+" of an older version",
			"nginx at %s still sees a file in %s that is gone: it caches files, and a marker would count late", s.settings.URL, s.folder.Path())
	}
	return nil
}

// unprobe removes what a killed try has left behind, when it cannot be alive any
// more.
func (s *Switch) unprobe(ctx context.Context) error {
	entries, err := s.folder.List(ctx)
	if err != nil {
		return err
	}
	now, err := s.disk.Now(ctx)
	for _, e := range entries {
		if err == nil && strings.HasPrefix(e.Name, probePrefix) && now.Sub(e.Changed) > probeTime {
			err = s.folder.Remove(ctx, e.Name)
		}
	}
	return err
}

// seen counts the answers of who sees the file.
func (s *Switch) seen(ctx context.Context, ask question) (n int, err error) {
	all, stranger, err := s.look(ctx, ask)
	for _, a := range all {
		if a.probe {
			n++
		}
	}
	return n, errors.Join(stranger, err)
}

// previews proves that the secret value reaches the slot without traffic.
func (s *Switch) previews(ctx context.Context, idle release.Slot) error {
	if s.settings.Preview == "" {
		return nil
	}
	a, err := s.askBy(ctx, s.fresh, question{preview: s.settings.Preview})
	if err != nil {
		return err
	}
	if a.slot != idle {
		return release.Refuse(reloadAgain, "nginx at %s does not know the value of preview: it was changed since the last reload", s.settings.URL)
	}
	return nil
}
