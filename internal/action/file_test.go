package action_test

import (
	"context"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/action"
)

func TestTheConfigurationFile(t *testing.T) {
	t.Parallel()
	const path = ".github/bluegreen.yml"
	tests := map[string]struct {
		files     map[string]string
		variables []string
		status    int
		want      string // the tick of the shift, or a part of the error
	}{
		"none, and none was asked for":       {nil, nil, 0, "5s"},
		"none, and GitHub gave the default":  {nil, []string{"INPUT_CONFIG", path}, 0, "5s"},
		"none, and one was asked for":        {nil, []string{"INPUT_CONFIG", "no.yml"}, 2, "read configuration: open "},
		"a folder":                           {map[string]string{path + "/x": ""}, nil, 2, "is a directory"},
		"the default one":                    {map[string]string{path: "shift: {tick: 7s}"}, nil, 0, "7s"},
		"another one":                        {map[string]string{path: "shift: {tick: 7s}", "b.yml": "shift: {tick: 8s}"}, []string{"INPUT_CONFIG", "b.yml"}, 0, "8s"},
		"an input wins over the file":        {map[string]string{path: "shift: {tick: 7s}"}, []string{"INPUT_SHIFT-TICK", "9s"}, 0, "9s"},
		"a mistake is named by its place":    {map[string]string{path: "shift:\n  tick: 7\n"}, nil, 2, path + ":2:9: shift.tick: "},
		"a variable of the bundle":           {map[string]string{path: "shift: {tick: '${TICK}'}"}, []string{"BLUEGREEN_ENV", "TICK=6s"}, 0, "6s"},
		"the job's own variable comes first": {map[string]string{path: "shift: {tick: '${TICK}'}"}, []string{"BLUEGREEN_ENV", "TICK=6s", "TICK", "3s"}, 0, "3s"},
		"a variable that is missing":         {map[string]string{path: "shift: {tick: '${TICK}'}"}, nil, 2, "variable TICK is not set"},
		"and is not needed here":             {map[string]string{path: "registry: {server: '${TICK}'}"}, nil, 0, "5s"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, got := newWorld(t, tt.variables...), ""
			for path, text := range tt.files {
				w.write(t, path, text)
			}
			w.run(t, phase(func(_ context.Context, job *action.Job, _ inputs) (outputs, error) {
				got = job.Config.Shift.Tick.String()
				return outputs{}, nil
			}, "shift"))
			if w.status != 0 {
				got = strings.Join(w.annotations("error"), "\n")
			}
			if w.status != tt.status || !strings.Contains(got, tt.want) {
				t.Errorf("exit status %d, %q, want %q", w.status, got, tt.want)
			}
		})
	}
}
