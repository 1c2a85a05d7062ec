package image

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// items are the plan's own items for one of its three images. Other images
// count for the items about all of them.
type items struct{ prepared, built, tagged, pushed string }

var planned = map[string]items{
	"backend":  {built: "A.1.s2a", tagged: "A.1.s2b", pushed: "A.1.s2c"},
	"frontend": {prepared: "A.1.s3a", built: "A.1.s3b", tagged: "A.1.s3c", pushed: "A.1.s3c"},
	"worker":   {built: "A.1.s4a", tagged: "A.1.s4b", pushed: "A.1.s4b"},
}

func show(found *release.Findings, order Order, built map[string]Built, failures map[string]error) {
	for _, name := range sorted(order.Images) {
		if b, ok := built[name]; ok {
			planned[name].pass(found, order, b, built)
			continue
		}
		planned[name].fail(found, failures[name])
	}
	all := len(built) == len(order.Images)
	digests := list(built, func(b Built) string { return b.Name + " " + b.Digest.Short() })
	found.Show("A.1.v1", all, "%d of %d images are built: %s", len(built), len(order.Images), digests)
	found.Show("A.1.v2", all, "%d of %d digests answered to a second client: %s", len(built), len(order.Images), digests)
	found.Show("A.1.v3", all, "%d of %d tags %s stand for the digest that was pushed, with version and commit in its labels", len(built), len(order.Images), order.Version)
	showSizes(found, order, built, failures)
}

func showSizes(found *release.Findings, order Order, built map[string]Built, failures map[string]error) {
	sizes := list(built, func(b Built) string {
		return fmt.Sprintf("%s %v compressed, %s, limit %v", b.Name, b.Compressed, b.unpacked(), b.Limit)
	})
	for _, err := range causes(failures) {
		sizes = strings.TrimPrefix(sizes+"; "+err.Error(), "; ")
	}
	found.Show("A.1.v4", len(built) == len(order.Images), "%s", sizes)
}

func (i items) pass(found *release.Findings, order Order, b Built, all map[string]Built) {
	put := func(id string, holds bool, format string, args ...any) {
		if id != "" {
			found.Show(id, holds, format, args...)
		}
	}
	twin := b.twin(all)
	put(i.built, twin == "", "revision %s, version %s, runs %q%s", order.Commit.Short(), order.Version, strings.Join(b.Command, " "), twin)
	put(i.tagged, true, "tag %s stands for %s", order.Version, b.Digest.Short())
	put(i.pushed, true, "the registry has %s, %s", b.Digest.Short(), b.how())
	if i.prepared != "" {
		b.showPrepared(found, i.prepared)
	}
}

// showPrepared has to see that the step ran: a build that skips it also ends well.
func (b Built) showPrepared(found *release.Findings, id string) {
	own := slices.DeleteFunc(slices.Clone(b.Steps), func(step string) bool { return !strings.Contains(step, "build") })
	switch {
	case b.Prepared != "" && b.Prepared != "0":
		found.Show(id, true, "%s commands before the build exited 0", b.Prepared)
	case len(own) > 0:
		found.Show(id, true, "completed in the image's build: %s", strings.Join(own, "; "))
	case b.Reused:
		found.Miss(id, "the image was built in an earlier run, which prepared nothing outside its Dockerfile")
	default:
		found.Miss(id, "nothing was run before the build, and no RUN step of it says build")
	}
}

func (i items) fail(found *release.Findings, err error) {
	f, ok := errors.AsType[*Failure](err)
	if !ok {
		return
	}
	id := map[Stage]string{Preparing: i.prepared, Building: i.built, Reusing: i.tagged, Pushing: i.pushed, Verifying: i.tagged}[f.Stage]
	if id != "" {
		found.Show(id, false, "%v", err)
	}
}

func (b Built) unpacked() string {
	if b.Reused {
		return "unpacked size not known since it was not built here"
	}
	return b.Unpacked.String() + " unpacked"
}

func (b Built) how() string {
	if b.Reused {
		return "pushed by an earlier run for this commit"
	}
	return "as the push, the engine and a second client say"
}

// twin names another image with the same content: a copy under a second name.
func (b Built) twin(all map[string]Built) string {
	for _, name := range sorted(all) {
		if name != b.Name && all[name].Digest == b.Digest {
			return ", the same content as " + name
		}
	}
	return ""
}

func list(built map[string]Built, text func(Built) string) string {
	var parts []string
	for _, name := range sorted(built) {
		parts = append(parts, text(built[name]))
	}
	return strings.Join(parts, "; ")
}
