package checklist_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/checklist"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestThePlanHasItsItems(t *testing.T) {
	items := checklist.Items()
	if len(items) != 517 {
		t.Errorf("%d items, want the plan's 517", len(items))
	}
	kinds := map[checklist.Kind]int{}
	for _, item := range items {
		kinds[item.Kind]++
	}
	want := map[checklist.Kind]int{
		checklist.Automatic: 312, checklist.Refers: 103, checklist.Demo: 53,
		checklist.SignOff: 31, checklist.Later: 10, checklist.Substitute: 8,
	}
	for kind, n := range want {
		if kinds[kind] != n {
			t.Errorf("%d items of kind %q, want %d", kinds[kind], kind, n)
		}
	}
	if len(kinds) != len(want) {
		t.Errorf("kinds %v, want those of %v", kinds, want)
	}
}

func TestEveryItemIsComplete(t *testing.T) {
	owners := []string{"preflight", "build", "migrate", "deploy-green", "smoke", "shift", "rollback", "finalize", "record"}
	roles := []string{"qa", "development", "devops", "product"}
	means := []checklist.Means{checklist.Tool, checklist.Checks, checklist.Rules, checklist.People}
	ids := map[string]checklist.Item{}
	for _, item := range checklist.Items() {
		if _, twice := ids[item.ID]; twice {
			t.Errorf("%s stands twice", item.ID)
		}
		ids[item.ID] = item
	}
	for id, item := range ids {
		if item.Section == "" || item.Text == "" || item.How == "" {
			t.Errorf("%s lacks a section, a text or how it is shown: %+v", id, item)
		}
		if !slices.Contains(owners, item.Owner) {
			t.Errorf("%s: owner %q", id, item.Owner)
		}
		if (item.Kind == checklist.SignOff) != slices.Contains(roles, item.Role) {
			t.Errorf("%s: kind %q with role %q", id, item.Kind, item.Role)
		}
		if item.Kind == checklist.Refers && len(item.Refers) == 0 {
			t.Errorf("%s refers to nothing", id)
		}
		for _, ref := range item.Refers {
			if _, ok := ids[ref]; !ok || ref == id {
				t.Errorf("%s refers to %q", id, ref)
			}
		}
		if shown := item.Kind == checklist.Automatic || item.Kind == checklist.Substitute; shown != slices.Contains(means, item.By) {
			t.Errorf("%s is of kind %q and shown by %q", id, item.Kind, item.By)
		}
		if item.Kind == checklist.Substitute && !strings.Contains(item.How, "Instead: ") && !strings.Contains(item.How, "Instead ") {
			t.Errorf("%s is impossible as written and names no substitute: %s", id, item.How)
		}
	}
}

// What the record says of an item that is not shown is so only as long as no action
// shows it, and the other way round.
func TestTheToolShowsWhatTheListSays(t *testing.T) {
	t.Parallel()
	source := sources(t)
	for _, item := range checklist.Items() {
		if named := strings.Contains(source, strconv.Quote(item.ID)); item.By != "" && named != (item.By == checklist.Tool) {
			t.Errorf("%s is shown by %q, and named in the actions: %v", item.ID, item.By, named)
		}
	}
}

// sources is the text of all packages that can show an item.
func sources(t *testing.T) string {
	var all strings.Builder
	for _, root := range []string{"../../actions", "../../internal"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "/demo/") {
				return err
			}
			text, err := os.ReadFile(path)
			all.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

func TestAWholePhaseIsWhatItsReleaseItemsAre(t *testing.T) {
	items := checklist.Items()
	i := slices.IndexFunc(items, func(i checklist.Item) bool { return i.ID == "6.3.1" })
	if n := len(items[i].Refers); n < 60 {
		t.Errorf("6.3.1 refers to %d items of phase B, want all that a release shows", n)
	}
	if slices.Contains(items[i].Refers, "B.2.r1") {
		t.Error("6.3.1 refers to B.2.r1, which only the demo shows")
	}
}

// Linux takes 128 KiB in one variable, its name included, and the record gets the
// evidence of all jobs in one.
func TestTheEvidenceOfTheWholePlanFitsAVariable(t *testing.T) {
	t.Parallel()
	var findings release.Findings
	for _, item := range checklist.Items() {
		findings.Decide(item.ID, true, time.Now(), "%s", strings.Repeat("<", 1000))
	}
	text, err := release.Evidences(findings.List()).Encode()
	if n := len("INPUT_EVIDENCE=" + text); err != nil || n >= 128<<10 {
		t.Errorf("%d bytes, %v", n, err)
	}
}
