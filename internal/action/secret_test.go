package action_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// TestSecretsAreSeenNowhere has a phase that tells every secret in every way it
// can, and looks for them in all that was written.
func TestSecretsAreSeenNowhere(t *testing.T) {
	t.Parallel()
	for _, ending := range []string{"done", "failed", "panic"} {
		t.Run(ending, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "INPUT_API-KEY", "in_put*\"\\<s3cret>", "INPUT_TOKEN", "ghs_s3cret", "INPUT_REGISTRY-PASSWORD", "${set} #ting: [s3cret",
				"BLUEGREEN_ENV", "# comment\n\nexport ONE=bun-dle|s3cret@x\r\nTWO='quoted #s3cret='\nFILE=x\nSHORT=ab\n",
				"FILE", "file's & s3cret\ttab")
			w.write(t, ".github/bluegreen.yml", "registry: {server: ghcr.io, user: ann, password: \"${FILE}\"}\n")
			if ending == "failed" {
				delete(w.variables, "INPUT_REGISTRY-PASSWORD") // the file's is in use then
			}
			w.run(t, phase(func(_ context.Context, job *action.Job, in inputs) (outputs, error) {
				told := tell(t, job, in)
				switch ending {
				case "failed":
					return outputs{URL: told}, release.Refuse(told, "%s: %w", told, errors.New(told))
				case "panic":
					panic(told)
				}
				return outputs{URL: told}, nil
			}, "registry"))
			if w.status != map[string]int{"done": 0, "failed": 1, "panic": 3}[ending] {
				t.Errorf("exit status %d", w.status)
			}
			if all := w.everything(t); strings.Contains(all, "s3cret") || strings.Count(all, "***") < 100 {
				t.Errorf("a secret, or a part of one, is seen in\n%s", all)
			}
		})
	}
}

// tell writes every secret everywhere, and returns them in one line.
func tell(t *testing.T, job *action.Job, in inputs) string {
	secrets := append(job.Env, in.Key.Reveal(), job.Token.Reveal(), job.Config.Registry.Password.Reveal())
	told := ""
	for _, s := range secrets {
		told += fmt.Sprintf("%s %s %s %q ", s, url.QueryEscape(s), url.PathEscape(s), s)
		job.Findings.Miss("6.2."+fmt.Sprint(len(told)), "%q", s)
	}
	job.Log.Info(told, "key", in.Key, "url", told)
	job.Page.Say("%s", told)
	job.Page.Section(told)
	job.Page.Table([]string{told}, [][]string{{told}})
	job.Page.Details(told, told)
	job.Page.Next(told)
	job.Warn(told, told)
	fmt.Fprint(job.Output, told)
	if err := errors.Join(job.ReportText("a.txt", told), job.Report("b.json", secrets), job.Report("c.json", told)); err != nil {
		t.Error(err)
	}
	return told
}
