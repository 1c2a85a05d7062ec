package image_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/docker"
	"github.com/bluegreen-actions/bluegreen/internal/image"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/registry"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func three(t *testing.T) image.Order {
	name := lab.Registry(t) + "/" + lab.Name(t)
	return image.Order{
		Images: map[string]image.Image{
			"backend":  {Repository: name + "-backend", Context: ".", Dockerfile: "backend/Dockerfile", MaxSize: 500e6},
			"frontend": {Repository: name + "-frontend", Context: ".", Dockerfile: "frontend/Dockerfile", MaxSize: 500e6, Prepare: [][]string{{"/bin/sh", "-c", "echo page of $VERSION >page"}}},
			"worker":   {Repository: name + "-worker", Context: ".", Dockerfile: "backend/Dockerfile.worker", MaxSize: 500e6},
		},
		Version: "v1.2.0", Commit: commit,
		Dir: checkout(t, map[string]string{
			"backend/Dockerfile":        dockerfile("serve"),
			"backend/Dockerfile.worker": dockerfile("worker"),
			"frontend/Dockerfile":       "FROM scratch\nCOPY app /app\nCOPY page /page\nENTRYPOINT [\"/app\", \"serve\"]\n",
		}),
	}
}

func TestThreeImagesAreBuiltPushedAndReadBack(t *testing.T) {
	t.Parallel()
	w, order := newWorks(t, registry.Settings{}), three(t)
	built, err := w.build(t, order)
	if err != nil {
		t.Fatalf("%v\n%s", err, w.said())
	}
	digests := map[release.Digest]bool{}
	for name, b := range built {
		digests[b.Digest] = true
		if b.Reused || b.Compressed < 1e6 || b.Unpacked <= b.Compressed || b.Labels[image.LabelVersion] != "v1.2.0" {
			t.Errorf("%s: %+v", name, b)
		}
	}
	if len(digests) != 3 {
		t.Fatalf("got %d digests, want 3", len(digests))
	}
	for _, id := range strings.Fields("A.1.s2a A.1.s2b A.1.s2c A.1.s3a A.1.s3b A.1.s3c A.1.s4a A.1.s4b A.1.v1 A.1.v2 A.1.v3 A.1.v4") {
		if w.status(id) != release.Passed {
			t.Errorf("%s is %q", id, w.status(id))
		}
	}
	if !strings.Contains(w.said(), "[worker] pushed ") || !strings.Contains(w.said(), "COPY app /app") {
		t.Errorf("said %s", w.said())
	}

	t.Run("the same commit again builds nothing", func(t *testing.T) {
		w.Builder, w.Engine = unused{t}, forbidden{w.engine, t}
		again, err := w.build(t, order)
		if err != nil {
			t.Fatal(err)
		}
		for name, b := range again {
			if !b.Reused || b.Digest != built[name].Digest {
				t.Errorf("%s: reused %v, %s", name, b.Reused, b.Digest)
			}
		}
		if w.status("A.1.v1") != release.Passed || w.status("A.1.s3a") != release.Passed || !strings.Contains(w.said(), "[backend] skipped") {
			t.Errorf("v1 %q, s3a %q, said %s", w.status("A.1.v1"), w.status("A.1.s3a"), w.said())
		}
	})
	t.Run("another commit under this tag is refused", func(t *testing.T) {
		w.Builder, w.Engine = unused{t}, forbidden{w.engine, t}
		order := order
		order.Commit = another
		_, err := w.build(t, order)
		if release.ExitStatus(err) != int(release.Refused) || !strings.Contains(err.Error(), "stands for another commit") {
			t.Errorf("got %v", err)
		}
		if w.status("A.1.v3") != release.Failed {
			t.Errorf("A.1.v3 is %q", w.status("A.1.v3"))
		}
	})
}

func TestAnImageOverItsLimitIsRefused(t *testing.T) {
	t.Parallel()
	w, order := newWorks(t, registry.Settings{}), one(t, lab.Registry(t), dockerfile("serve"))
	i := order.Images["backend"]
	i.MaxSize = 1000
	order.Images["backend"] = i
	_, err := w.build(t, order)
	if release.ExitStatus(err) != int(release.Refused) || !strings.Contains(err.Error(), "over its limit of 1.0kB") {
		t.Fatalf("got %v", err)
	}
	if w.status("A.1.v4") != release.Failed {
		t.Errorf("A.1.v4 is %q", w.status("A.1.v4"))
	}
	i.MaxSize = 500e6
	order.Images["backend"] = i
	if built, err := w.build(t, order); err != nil || !built["backend"].Reused {
		t.Errorf("after the limit was raised: %+v, %v", built["backend"], err)
	}
}

// running is a Dockerfile with a step that no cache has.
func running(t *testing.T, step string) string {
	return "FROM scratch\nENV OWN=" + lab.Name(t) + "\nCOPY app /app\nRUN " + step + "\nENTRYPOINT [\"/app\", \"serve\"]\n"
}

func TestABuildSecretGetsToItsStepAndNowhereElse(t *testing.T) {
	t.Parallel()
	step := `--mount=type=secret,id=token ["/app", "secret", "token"]`
	w, order := newWorks(t, registry.Settings{}), one(t, lab.Registry(t), running(t, step))
	i := order.Images["backend"]
	i.Secrets = map[string]release.Secret{"token": "hunter2-hunter2"}
	order.Images["backend"] = i
	built, err := w.build(t, order)
	if err != nil {
		t.Fatal(err)
	}
	log := built["backend"].Log
	if !strings.Contains(log, "secret has 15 bytes: ***") || strings.Contains(log, "hunter2") {
		t.Errorf("log %s", log)
	}
	if steps := built["backend"].Steps; len(steps) != 1 {
		t.Errorf("steps %q", steps)
	}
}

func TestAFailedBuildHasItsWholeLog(t *testing.T) {
	t.Parallel()
	w, order := newWorks(t, registry.Settings{}), one(t, lab.Registry(t), running(t, `["/app", "check", "/missing"]`))
	_, err := w.build(t, order)
	f, ok := errors.AsType[*image.Failure](err)
	if !ok || f.Stage != image.Building || !strings.Contains(f.Log, "stat /missing: no such file") {
		t.Fatalf("got %v, %+v", err, f)
	}
	if w.status("A.1.s2a") != release.Failed || w.status("A.1.v1") != release.Failed || w.status("A.1.s2c") != "" {
		t.Errorf("found %+v", w.found.List())
	}
}

func TestACommandThatFailsStopsBeforeTheBuild(t *testing.T) {
	t.Parallel()
	w, order := newWorks(t, registry.Settings{}), one(t, lab.Registry(t), dockerfile("serve"))
	i := order.Images["backend"]
	i.Prepare = [][]string{{"/bin/sh", "-c", "echo missing module >&2; exit 4"}}
	order.Images["backend"] = i
	w.Builder = unused{t}
	_, err := w.build(t, order)
	f, ok := errors.AsType[*image.Failure](err)
	if !ok || f.Stage != image.Preparing || !strings.Contains(f.Log, "missing module") {
		t.Fatalf("got %v", err)
	}
}

func TestTheClassicBuilder(t *testing.T) {
	t.Parallel()
	w := newWorks(t, registry.Settings{})
	w.Builder = docker.Classic{Engine: w.engine}
	order := one(t, lab.Registry(t), "FROM scratch\nARG VERSION\nCOPY . /\nRUN [\"/app\", \"check\", \"/kept/this\", \"!/kept/other\", \"!/node_modules\", \"/Dockerfile\"]\nENTRYPOINT [\"/app\", \"serve\"]\n")
	order.Dir = checkout(t, map[string]string{
		"Dockerfile":         "FROM scratch\nARG VERSION\nCOPY . /\nRUN [\"/app\", \"check\", \"/kept/this\", \"!/kept/other\", \"!/node_modules\"]\nENTRYPOINT [\"/app\", \"serve\"]\n",
		".dockerignore":      "node_modules\nkept/*\n!kept/this\nDockerfile\n",
		"node_modules/m.js":  "",
		"kept/this":          "",
		"kept/other":         "",
		"elsewhere/ignore.d": "",
	})
	built, err := w.build(t, order)
	if err != nil {
		t.Fatalf("%v\n%s", err, w.said())
	}
	if b := built["backend"]; b.Labels[image.LabelRevision] != string(commit) || len(b.Steps) != 1 {
		t.Errorf("got %+v", b)
	}
	order.Version = "v1.3.0"
	i := order.Images["backend"]
	i.Secrets = map[string]release.Secret{"token": "x"}
	order.Images["backend"] = i
	if _, err := w.build(t, order); err == nil || !strings.Contains(err.Error(), "build secrets need an engine with BuildKit") {
		t.Errorf("with a secret: %v", err)
	}
}
