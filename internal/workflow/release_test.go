package workflow_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// github stands in for the program gh, as far as the steps of release.yml use it,
// and refuses whatever else it is asked. Its world is a folder: what a run has kept
// is in dist, a release is a file below releases that says whether it is a draft,
// with its assets in a folder beside it, and tags is a list.
const github = `#!/usr/bin/env bash
set -euo pipefail
here=$PWD
cd "$WORLD"
case "$*" in
'run download 4711 --name dist --dir dist') cp -r dist "$here" ;;
'release view '*' --json isDraft --jq .isDraft') cat "releases/$3" ;;
'release delete '*' --yes') rm -r "releases/$3" "releases/$3.assets"; echo "deleted $3" >>done ;;
'release download '*' --dir published') cp -r "releases/$3.assets" "$here/published" ;;
'release create '*' --draft --prerelease'*' --verify-tag --generate-notes dist/'*)
  [[ ! -e releases/$3 ]] || { echo 'a release with the same tag name already exists' >&2; exit 1; }
  mkdir -p "releases/$3.assets"
  for file; do case $file in dist/*) cp "$here/$file" "releases/$3.assets/" ;; esac; done
  echo true >"releases/$3"
  echo "made $3 ${5#--}" >>done ;;
'release edit '*' --draft=false') echo false >"releases/$3"; echo "published $3" >>done ;;
'api --paginate repos/octo/bluegreen/git/matching-refs/tags/v1. --jq .[].ref') sed -n 's,^v1[.],refs/tags/&,p' tags ;;
'api repos/octo/bluegreen/git/ref/tags/v1 --silent') grep -qx v1 tags ;;
'api --method PATCH repos/octo/bluegreen/git/refs/tags/v1 -f sha=c0ffee -F force=true --silent') grep -qx v1 tags; echo 'moved v1' >>done ;;
'api --method POST repos/octo/bluegreen/git/refs -f ref=refs/tags/v1 -f sha=c0ffee --silent') ! grep -qx v1 tags; echo 'made v1' >>done ;;
*) echo "gh is not asked for this: $*" >&2; exit 1 ;;
esac
`

// world is what gh shows the steps, by the names of files.
type world map[string]string

// published is the world in which v1.2.3 is being released.
func published(more world) world {
	w := world{
		"step/cmd/bluegreen/pinned":           "version v1.2.3\n" + pin("linux-amd64", "for amd64\n") + pin("linux-arm64", "for arm64\n"),
		"world/dist/bluegreen-linux-amd64":    "for amd64\n",
		"world/dist/bluegreen-linux-arm64":    "for arm64\n",
		"world/dist/bluegreen-linux.cdx.json": "{}\n",
		"world/tags":                          "v1.2.3\n",
		"world/done":                          "",
		"bin/gh":                              github,
	}
	for name, text := range more {
		w[name] = text
	}
	return w
}

func pin(platform, program string) string {
	return fmt.Sprintf("%s %x\n", platform, sha256.Sum256([]byte(program)))
}

// steps runs the scripts of a job as GitHub's bash does, and returns what gh was
// made to do, and the output of the script that failed.
func (w world) steps(t *testing.T, job, tag string) (did, failed string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range w {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range read(t, ".github/workflows/release.yml").Jobs[job].Steps {
		if s.Run == "" {
			continue
		}
		c := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", s.Run)
		c.Dir = filepath.Join(dir, "step")
		c.Env = append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"), "WORLD="+filepath.Join(dir, "world"),
			"GITHUB_REF_NAME="+tag, "GITHUB_RUN_ID=4711", "GITHUB_REPOSITORY=octo/bluegreen", "GITHUB_SHA=c0ffee")
		if err := os.MkdirAll(c.Dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if out, err := c.CombinedOutput(); err != nil {
			failed = fmt.Sprintf("%v: %s", err, out)
			break
		}
	}
	done, err := os.ReadFile(filepath.Join(dir, "world", "done"))
	if err != nil {
		t.Fatal(err)
	}
	return string(done), failed
}

func TestWhatIsReleased(t *testing.T) {
	const all = "made v1.2.3 prerelease=false\npublished v1.2.3\n"
	draft := world{"world/releases/v1.2.3": "true\n", "world/releases/v1.2.3.assets/bluegreen-linux-amd64": "half\n"}
	out := func(amd64 string) world {
		return world{
			"world/releases/v1.2.3": "false\n", "world/releases/v1.2.3.assets/bluegreen-linux-amd64": amd64,
			"world/releases/v1.2.3.assets/bluegreen-linux-arm64": "for arm64\n",
		}
	}
	for sentence, test := range map[string]struct {
		tag    string
		more   world
		did    string
		failed string
	}{
		"what has the committed checksums":          {tag: "v1.2.3", did: all},
		"after an attempt that ended in the middle": {tag: "v1.2.3", more: draft, did: "deleted v1.2.3\n" + all},
		"once":                   {tag: "v1.2.3", more: out("for amd64\n")},
		"never over another one": {tag: "v1.2.3", more: out("another\n"), failed: "FAILED"},
		"not what was changed after it was built":    {tag: "v1.2.3", more: world{"world/dist/bluegreen-linux-arm64": "tampered\n"}, failed: "bluegreen-linux-arm64: FAILED"},
		"not without one of the programs":            {tag: "v1.2.3", more: world{"step/cmd/bluegreen/pinned": "version v1.2.3\n" + pin("darwin-arm64", "")}, failed: "bluegreen-darwin-arm64"},
		"not under a tag that the commit has not":    {tag: "v1.2.4", failed: "exit status 1"},
		"not from a commit that pins nothing":        {tag: "v1.2.3", more: world{"step/cmd/bluegreen/pinned": ""}, failed: "exit status 1"},
		"not with a checksum that is none":           {tag: "v1.2.3", more: world{"step/cmd/bluegreen/pinned": "version v1.2.3\nlinux-amd64 zz\n"}, failed: "exit status 1"},
		"as a pre-release where the version says so": {tag: "v1.2.3-rc.1", more: world{"step/cmd/bluegreen/pinned": "version v1.2.3-rc.1\n" + pin("linux-amd64", "for amd64\n")}, did: "made v1.2.3-rc.1 prerelease\npublished v1.2.3-rc.1\n"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			did, failed := published(test.more).steps(t, "publish", test.tag)
			if did != test.did || (failed == "") != (test.failed == "") || !strings.Contains(failed, test.failed) {
				t.Errorf("did %q, want %q; failed with %q, want %q", did, test.did, failed, test.failed)
			}
		})
	}
}

func TestTheMajorVersionMovesForwardOnly(t *testing.T) {
	for sentence, test := range map[string]struct{ tags, did string }{
		"it is made by the first release":         {"v1.2.3\n", "made v1\n"},
		"it moves to the highest":                 {"v1\nv1.2.3\nv1.2.2\nv1.1.10\nv2.0.0\n", "moved v1\n"},
		"a fix of an older one leaves it":         {"v1\nv1.2.3\nv1.10.0\n", ""},
		"what is not released yet does not count": {"v1\nv1.2.3\nv1.3.0-rc.1\n", "moved v1\n"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			did, failed := published(world{"world/tags": test.tags}).steps(t, "major", "v1.2.3")
			if did != test.did || failed != "" {
				t.Errorf("did %q, want %q; failed with %q", did, test.did, failed)
			}
		})
	}
}
