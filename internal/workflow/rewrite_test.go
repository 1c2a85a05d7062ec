package workflow_test

import (
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/workflow"
)

func TestRewrite(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"a step":                       {"      - uses: $/actions/shift\n", "      - uses: acme/bluegreen/actions/shift@v1\n"},
		"a step with an id":            {"      - id: x\n        uses: $/actions/shift # why\n", "      - id: x\n        uses: acme/bluegreen/actions/shift@v1 # why\n"},
		"a quoted path":                {"        uses: '$/actions/shift'\n", "        uses: 'acme/bluegreen/actions/shift@v1'\n"},
		"a workflow":                   {"    uses: $/.github/workflows/rollout.yml\n", "    uses: acme/bluegreen/.github/workflows/rollout.yml@v1\n"},
		"another's action":             {"      - uses: actions/checkout@v4\n", "      - uses: actions/checkout@v4\n"},
		"a word in a comment":          {"# uses: $/actions/shift\n", "# uses: $/actions/shift\n"},
		"a dollar in a command":        {"      - run: echo $/actions\n", "      - run: echo $/actions\n"},
		"an expression":                {"      - uses: $/a\n        with: { x: '${{ github.sha }}' }\n", "      - uses: acme/bluegreen/a@v1\n        with: { x: '${{ github.sha }}' }\n"},
		"a queue":                      {"  concurrency:\n    group: x\n    queue: max # why\n  next: 1\n", "  concurrency:\n    group: x\n  next: 1\n"},
		"a job that announces nothing": {"    environment: { name: \"${{ a || 'b' }}\", deployment: false }\n", "    environment: ${{ a || 'b' }}\n"},
		"another queue":                {"    with:\n      queue: maximal\n", "    with:\n      queue: maximal\n"},
		"several of them":              {"  - uses: $/a\n  - uses: $/b\n", "  - uses: acme/bluegreen/a@v1\n  - uses: acme/bluegreen/b@v1\n"},
	}
	for sentence, test := range tests {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			if got := workflow.Rewrite(test.text, "acme/bluegreen", "v1"); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}
