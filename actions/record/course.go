package record

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/checklist"
	"github.com/bluegreen-actions/bluegreen/internal/course"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// mostLog is far more than a shift of weeks writes down.
const mostLog = 16 << 20

// follow adds how the traffic went, from the logs of shifts below a folder. What
// cannot be used is a warning and an issue of the release: the record is written
// all the same.
func follow(job *action.Job, folder string, form *checklist.Form) {
	logs, problems := logs(folder)
	way, err := course.Of(job.Release, logs)
	if err != nil {
		problems = append(problems, err.Error())
	}
	for _, p := range problems {
		job.Log.Warn("a log was not used", "reason", p)
		form.Issues = append(form.Issues, "a log was not used: "+p)
	}
	if way == nil {
		return
	}
	form.Course, form.Rollbacks, form.PostDeploy = way, &way.Rollbacks, way.After()
	form.Issues = append(form.Issues, warnings(way)...)
}

// logs reads every shift.json below a folder, such as those of several artifacts.
func logs(folder string) (all []traffic.Log, problems []string) {
	if folder == "" {
		return nil, nil
	}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "shift.json" || !entry.Type().IsRegular() {
			return err
		}
		log, err := readLog(path)
		if err != nil {
			problems = append(problems, err.Error())
			return nil
		}
		all = append(all, log)
		return nil
	})
	if err != nil && !os.IsNotExist(err) {
		problems = append(problems, err.Error())
	}
	return all, problems
}

func readLog(path string) (traffic.Log, error) {
	var log traffic.Log
	about, err := os.Stat(path)
	switch {
	case err != nil:
		return log, err
	case about.Size() > mostLog:
		return log, fmt.Errorf("read %s: %d bytes: want at most %d", path, about.Size(), mostLog)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return log, err
	}
	if err := json.Unmarshal(text, &log); err != nil {
		return log, fmt.Errorf("read %s: %w", path, err)
	}
	return log, nil
}

// warnings is what the shifts warned of, each text once.
func warnings(c *course.Course) []string {
	const most = 50
	var all []string
	seen := map[string]bool{}
	for _, e := range c.Events {
		if e.Kind != traffic.Warned || seen[e.Text] {
			continue
		}
		if seen[e.Text] = true; len(all) == most {
			return append(all, "and more, which the timeline has")
		}
		all = append(all, e.Text)
	}
	return all
}
