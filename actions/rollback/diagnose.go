package rollback

import (
	"context"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// lookTime is how long all diagnostics may take, whoever does not answer.
const lookTime = 30 * time.Second

// tail is how many lines of each log the plan wants to see.
const tail = 200

// diagnose writes down what both slots and the stores say.
func diagnose(ctx context.Context, job *action.Job) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	var rows [][]string
	for _, s := range release.Slots {
		rows = append(rows, slotState(ctx, job, s)...)
	}
	for _, look := range connect.Diagnostics(ctx, job) {
		rows = append(rows, []string{look.What, look.Saw, look.Problem})
	}
	job.Page.Section("What both slots and the stores say")
	job.Page.Table([]string{"what", "state", "trouble"}, rows)
}

func slotState(ctx context.Context, job *action.Job, s release.Slot) [][]string {
	env, err := connect.Slot(ctx, job, s)
	if err != nil {
		return [][]string{{string(s), "", err.Error()}}
	}
	trouble := ""
	if err := env.Healthy(ctx); err != nil {
		trouble = err.Error()
	}
	rows := [][]string{{string(s) + " slot", map[bool]string{true: "can take traffic", false: "cannot take traffic"}[trouble == ""], trouble}}
	logs, err := env.Logs(ctx, tail)
	if err != nil {
		return append(rows, []string{string(s) + " logs", "", err.Error()})
	}
	for name, text := range logs {
		if err := job.ReportText(fmt.Sprintf("logs/%s-%s.log", s, name), text); err != nil {
			rows = append(rows, []string{string(s) + " log of " + name, "", err.Error()})
		}
	}
	return rows
}
