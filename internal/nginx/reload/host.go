package reload

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
)

// host is the nginx that is reloaded, where it runs.
type host interface {
	// test reads the whole configuration as nginx would. The error has its words.
	test(ctx context.Context) error

	// may refuses where a signal would not reach nginx, and sends none.
	may(ctx context.Context) error

	// signal makes nginx read its configuration, and does not know whether it did.
	signal(ctx context.Context) error

	// workers lists the processes that take new connections, by ids that only
	// mean something here. The error is that they cannot be seen.
	workers(ctx context.Context) ([]string, error)

	// mark is where the error log ends now, and complaints is what nginx has
	// refused since then.
	mark(ctx context.Context) mark
	complaints(ctx context.Context, since mark) []string

	// breakGlass is the command that a person reloads nginx with.
	breakGlass() string
}

// mark is a place in an error log.
type mark any

// serves tells by its title whether a process is a worker that takes new
// connections.
func serves(title string) bool {
	return strings.HasPrefix(title, "nginx: worker process") && !strings.Contains(title, "shutting down")
}

// serving picks the workers that take new connections from the titles of
// processes by their ids.
func serving(titles map[string]string) ([]string, error) {
	var all []string
	for id, title := range titles {
		if serves(title) {
			all = append(all, id)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no worker of nginx can be seen")
	}
	return all, nil
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(one string) bool { return slices.Contains(b, one) })
}

var refusalForm = regexp.MustCompile(`\[emerg\] (?:[0-9]+#[0-9]+: )?(.+)`)

// refusals keeps the lines of nginx that say why it did not do something, each
// once: a port is tried several times.
func refusals(log string) []string {
	var all []string
	for _, m := range refusalForm.FindAllStringSubmatch(log, -1) {
		if line := strings.TrimSpace(m[1]); !slices.Contains(all, line) {
			all = append(all, line)
		}
	}
	return all
}
