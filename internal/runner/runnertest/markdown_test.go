package runnertest_test

import (
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/runner/runnertest"
)

func TestLive(t *testing.T) {
	t.Parallel()
	for markdown, want := range map[string]int{
		"[ours](https://github.com/acme/shop/actions/runs/7#artifacts)":                0,
		"[ours, titled](https://github.com/acme/shop/actions/runs/7 \"it\")":           1,
		"[another's](https://github.com/acme/shop/actions/runs/7/../../x)":             1,
		"## ✅ fine\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n":                           0,
		"<details><summary>x</summary>\n\n```\n<b> @ops [a](b)\n```\n\n</details>\n\n": 0,
		"`@ops`": 0, "@\u200bops": 0, "a@": 0, `\[a](b)`: 0, "&lt;b&gt;": 0,
		"[a](b)": 1, "![a](b)": 2, "https://example.com": 1, "www.example.com": 1, "<https://example.com>": 1,
		"a <b>c</b>": 2, "<img src=x>": 1, "<!-- x": 1, "<script>": 1, "ask @ops": 1, "| a |\n| --- |\n| @ops |\n": 1,
		"<details><summary>@ops</summary>\n\nx\n\n</details>\n": 1,
		"<details open onclick=x>\n":                            1,
		"[a]: https://example.com\n\n[a]":                       1,
	} {
		if got := runnertest.Live(markdown); (len(got) > 0) != (want > 0) {
			t.Errorf("%q: %q", markdown, got)
		}
	}
}

func TestForged(t *testing.T) {
	t.Parallel()
	fine := runnertest.Step{
		Log:    "::add-mask::hunter2\n::group::step 1\nx\n::endgroup::\n::error title=bluegreen shift::no\n",
		Output: "verdict=refused\n", Summary: "## no\n",
	}
	if got := fine.Forged([]string{"verdict"}, "hunter2"); len(got) > 0 {
		t.Errorf("our own is forged: %q", got)
	}
	for name, s := range map[string]runnertest.Step{
		"an annotation":   {Log: "::error::no\n", Output: "verdict=x\n"},
		"a mask":          {Log: "::add-mask::text\n", Output: "verdict=x\n"},
		"a short mask":    {Log: "::add-mask::hun\n", Output: "verdict=x\n"},
		"another command": {Log: "::set-env name=PATH::/tmp\n", Output: "verdict=x\n"},
		"an output":       {Output: "verdict=x\napproved=true\n"},
		"a missing one":   {},
		"two lines":       {Output: "verdict<<X\na\nb\nX\n"},
		"a broken file":   {Output: "verdict\n"},
		"a link":          {Output: "verdict=x\n", Summary: "[a](b)"},
		"a long summary":  {Output: "verdict=x\n", Summary: string(make([]byte, 1<<20+1))},
	} {
		if got := s.Forged([]string{"verdict"}, "hunter2"); len(got) == 0 {
			t.Errorf("%s is not seen", name)
		}
	}
}
