package house_test

import "testing"

func TestTheHouse(t *testing.T) {
	t.Parallel()
	all := files(t)
	for name, broken := range rules {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, f := range all {
				for _, found := range broken(f) {
					t.Error(found)
				}
			}
		})
	}
}

// TestTheRulesBite breaks every rule, and keeps every exception.
func TestTheRulesBite(t *testing.T) {
	t.Parallel()
	const todo = "// TO" + "DO: later\n"
	tests := map[string]struct {
		rule   rule
		path   string
		source string
		want   string // empty means that nothing is found
	}{
		"release and a module":         {releaseIsTheCentre, "internal/release/a.go", `import "gopkg.in/yaml.v3"`, "internal/release/a.go:2: internal/release imports gopkg.in/yaml.v3"},
		"release and another package":  {releaseIsTheCentre, "internal/release/a.go", `import "` + module + `internal/gate"`, "internal/release/a.go:2: internal/release imports internal/gate"},
		"release and the library":      {releaseIsTheCentre, "internal/release/a.go", `import "encoding/json"`, ""},
		"a test of release":            {releaseIsTheCentre, "internal/release/a_test.go", `import "gopkg.in/yaml.v3"`, ""},
		"a domain and an adapter":      {domainsPointInwards, "internal/gate/a.go", `import "` + module + `internal/prometheus"`, "internal/gate/a.go:2: internal/gate imports internal/prometheus"},
		"a domain and a driver":        {domainsPointInwards, "internal/queue/a.go", `import "github.com/redis/go-redis/v9"`, "internal/queue/a.go:2: internal/queue imports github.com/redis/go-redis/v9"},
		"a domain and a process":       {domainsPointInwards, "internal/slot/a.go", `import "os/exec"`, "internal/slot/a.go:2: internal/slot imports os/exec"},
		"a domain and a pure module":   {domainsPointInwards, "internal/smoke/a.go", `import "github.com/itchyny/gojq"`, ""},
		"a domain and its line":        {domainsPointInwards, "internal/traffic/a.go", `import "` + module + `internal/gate"`, ""},
		"a domain and its own folder":  {domainsPointInwards, "internal/traffic/traffictest/a.go", `import "` + module + `internal/traffic"`, ""},
		"a suite that puts load on":    {domainsPointInwards, "internal/traffic/traffictest/a.go", `import "` + module + `internal/openloop"`, ""},
		"a domain that puts load on":   {domainsPointInwards, "internal/traffic/a.go", `import "` + module + `internal/openloop"`, "internal/traffic/a.go:2: internal/traffic imports internal/openloop"},
		"a domain that reads":          {domainsAreSilent, "internal/gate/a.go", "import \"os\"\nvar a = os.Getenv(\"A\")", "internal/gate/a.go:3: a domain does not use os.Getenv"},
		"a domain that prints":         {domainsAreSilent, "internal/gate/a.go", "import \"fmt\"\nfunc a() { fmt.Println() }", "internal/gate/a.go:3: a domain does not use fmt.Println"},
		"an adapter that reads":        {domainsAreSilent, "internal/docker/a.go", "import \"os\"\nvar a = os.Getenv(\"A\")", ""},
		"an adapter and the action":    {adaptersPointInwards, "internal/docker/buildkit/a.go", `import "` + module + `internal/action"`, "internal/docker/buildkit/a.go:2: internal/docker/buildkit imports internal/action"},
		"an adapter and its domain":    {adaptersPointInwards, "internal/redis/a.go", `import "` + module + `internal/queue"`, ""},
		"the wiring":                   {adaptersPointInwards, "internal/action/a.go", `import "` + module + `internal/runner"`, ""},
		"internal and an action":       {internalIsInside, "internal/config/a.go", `import "` + module + `actions/shift"`, "internal/config/a.go:2: internal/config imports actions/shift"},
		"an action and another":        {actionsStandAlone, "actions/shift/a.go", `import "` + module + `actions/rollback"`, "actions/shift/a.go:2: actions/shift imports actions/rollback"},
		"an action and what all share": {actionsStandAlone, "actions/shift/a.go", `import "` + module + `actions/internal/connect"`, ""},
		"an action that starts":        {onlyProcessExecutes, "actions/build/a.go", `import "os/exec"`, "actions/build/a.go:2: actions/build imports os/exec"},
		"process":                      {onlyProcessExecutes, "internal/process/a.go", `import "os/exec"`, ""},
		"a test that starts":           {onlyProcessExecutes, "cmd/bluegreen/a_test.go", `import "os/exec"`, ""},
		"an adapter that reads GitHub": {onlyRunnerKnowsGitHub, "internal/github/a.go", `const a = "GITHUB_TOKEN"`, "internal/github/a.go:2: only internal/runner reads GITHUB_TOKEN"},
		"a sentence about a variable":  {onlyRunnerKnowsGitHub, "internal/github/a.go", `const a = "set GITHUB_TOKEN"`, ""},
		"the runner":                   {onlyRunnerKnowsGitHub, "internal/runner/a.go", `const a = "GITHUB_TOKEN"`, ""},
		"an action that reads":         {onlyMainReadsTheEnvironment, "actions/preflight/a.go", "import \"os\"\nvar a = os.Getenv(\"A\")", "actions/preflight/a.go:3: ask what main was given, such as job.Getenv: os.Getenv reads past it"},
		"a command that reads":         {onlyMainReadsTheEnvironment, "cmd/bluegreen/a.go", "import \"os\"\nvar a, _ = os.LookupEnv(\"A\")", "cmd/bluegreen/a.go:3: ask what main was given, such as job.Getenv: os.LookupEnv reads past it"},
		"main":                         {onlyMainReadsTheEnvironment, "cmd/bluegreen/main.go", "import \"os\"\nvar a = os.Getenv", ""},
		"an agent's own variable":      {onlyMainReadsTheEnvironment, "internal/ssh/a.go", "import \"os\"\nvar a = os.Getenv(\"SSH_AUTH_SOCK\")", ""},
		"a test that is skipped":       {testsAreNotSkipped, "internal/gate/a_test.go", "import \"testing\"\nfunc TestA(t *testing.T) { t.Skip() }", "internal/gate/a_test.go:3: start what is missing, or fail: t.Skip skips"},
		"a comment that promises":      {nothingIsLeftToDo, "internal/gate/a.go", todo, "internal/gate/a.go:2: the comment says TO" + "DO"},
		"a word that looks like it":    {nothingIsLeftToDo, "internal/gate/a.go", "// TO" + "DOs are no more\n", ""},
		"a long file of an action":     {actionsAreShort, "actions/shift/a.go", lines(151), "actions/shift/a.go:151: the file has 151 lines, want at most 150"},
		"a file of an action":          {actionsAreShort, "actions/shift/a.go", lines(150), ""},
		"a long file of somebody else": {actionsAreShort, "internal/shift/a.go", lines(500), ""},
	}
	for name, tt := range tests {
		f, err := parse(tt.path, "package a\n"+tt.source)
		if err != nil {
			t.Fatal(name, err)
		}
		got := ""
		for _, found := range tt.rule(f) {
			got += found.String()
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

// lines fills a file, of which the first line is the package.
func lines(n int) string {
	text := ""
	for range n - 1 {
		text += "\n"
	}
	return text
}
