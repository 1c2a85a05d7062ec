package signoff_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/checklist"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/signoff"
)

func TestThePlansRolesCoverThePlansSignOffs(t *testing.T) {
	by := map[string]string{}
	for _, r := range signoff.Plan() {
		if err := r.Check(); err != nil {
			t.Error(err)
		}
		for _, id := range r.Evidence {
			by[id] = r.Name
		}
	}
	for _, item := range checklist.Items() {
		afterRollback := strings.HasPrefix(item.ID, "4.")
		if item.Kind == checklist.SignOff && !afterRollback && by[item.ID] != item.Role {
			t.Errorf("%s is signed off by %q, want %q", item.ID, by[item.ID], item.Role)
		}
		delete(by, item.ID)
	}
	for id, role := range by {
		t.Errorf("%s signs off %s, which the plan does not have", role, id)
	}
}

func TestRoles(t *testing.T) {
	tests := []struct {
		sentence string
		settings signoff.Settings
		role     string
		title    string
		items    int
		want     string
	}{
		{"the plan's roles are the default", signoff.Settings{}, "product", "Product Owner", 7, ""},
		{"a role of the plan is completed", signoff.Settings{Roles: []signoff.Role{{Name: "qa", Before: signoff.Migrate}}}, "qa", "QA Lead", 7, ""},
		{"an empty list stays empty", signoff.Settings{Roles: []signoff.Role{{Name: "qa", Before: signoff.Shift, Evidence: []string{}}}}, "qa", "QA Lead", 0, ""},
		{"a role of one's own has its name as title", signoff.Settings{Roles: []signoff.Role{{Name: "legal", Before: signoff.Shift}}}, "legal", "legal", 0, ""},
		{"configured roles replace the plan's", signoff.Settings{Roles: []signoff.Role{{Name: "legal", Before: signoff.Shift}}}, "qa", "", 0, `role "qa": want one of legal`},
	}
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			t.Parallel()
			role, err := test.settings.Role(test.role)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want %q", err, test.want)
			}
			if role.Title != test.title || len(role.Evidence) != test.items {
				t.Errorf("%+v, want title %q and %d items", role, test.title, test.items)
			}
		})
	}
}

func TestChecks(t *testing.T) {
	tests := map[string]struct {
		check func() error
		want  string
	}{
		"a name is lower case":       {signoff.Role{Name: "QA", Before: signoff.Shift}.Check, `role "QA"`},
		"a phase is due":             {signoff.Role{Name: "qa"}.Check, "before is missing"},
		"evidence is an id":          {signoff.Role{Name: "qa", Before: signoff.Shift, Evidence: []string{"tests"}}.Check, `evidence "tests"`},
		"a role stands once":         {signoff.Settings{Roles: []signoff.Role{{Name: "qa"}, {Name: "qa"}}}.Check, "role qa stands twice"},
		"a phase is one of three":    {func() error { return new(signoff.Phase).UnmarshalText([]byte("deploy")) }, `phase "deploy"`},
		"the target has no reviewer": {func() error { return signoff.Unguarded(signoff.Environment{Name: "production", Reviewed: true}) }, "required reviewers"},
		"the target has no timer": {func() error {
			return signoff.Unguarded(signoff.Environment{Name: "production", Wait: 5 * time.Minute})
		}, "a wait timer of 5m0s"},
		"the target has no rule of an app": {func() error {
			return signoff.Unguarded(signoff.Environment{Name: "production", Others: []string{"datadog"}})
		}, "datadog"},
	}
	for sentence, test := range tests {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			if err := test.check(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
	if err := signoff.Unguarded(signoff.Environment{Name: "production"}); err != nil {
		t.Errorf("a target without rules is refused: %v", err)
	}
}

func TestCodeNamesASetOfImages(t *testing.T) {
	digest := func(c string) release.Digest { return release.Digest("sha256:" + strings.Repeat(c, 64)) }
	base := signoff.Code(map[string]release.Digest{"backend": digest("a"), "worker": digest("b")})
	if again := signoff.Code(map[string]release.Digest{"worker": digest("b"), "backend": digest("a")}); again != base || len(base) != 12 {
		t.Errorf("codes %q and %q, want the same 12 digits", base, again)
	}
	others := []map[string]release.Digest{
		{"backend": digest("b"), "worker": digest("a")}, {"backend": digest("a")}, nil,
		{"backend": digest("a"), "worker": digest("c")}, {"backend": digest("a"), "jobs": digest("b")},
	}
	for _, images := range others {
		if signoff.Code(images) == base {
			t.Errorf("%v has the code of another set", images)
		}
	}
}
