package connect_test

import (
	"slices"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestAnOutputThatWasDroppedIsNamed(t *testing.T) {
	t.Parallel()
	all := []string{"preflight", "build", "migrate", "deploy-green", "smoke", "shift"}
	job := new(action.Job)
	if got := connect.Lacking(job, all...); !slices.Equal(got, []string{"preflight", "build", "smoke", "shift"}) {
		t.Errorf("an empty record without a database lacks %v", got)
	}
	job.Config.Database.URL = "postgres://db.example.com/shop"
	if got := connect.Lacking(job, "migrate"); !slices.Equal(got, []string{"migrate"}) {
		t.Errorf("an empty record with a database lacks %v", got)
	}
	job.Release.Schema = new(release.Schema)
	if got := connect.Lacking(job, "migrate"); got != nil {
		t.Errorf("a record with a schema lacks %v", got)
	}
}
