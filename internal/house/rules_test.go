package house_test

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// domains is what each domain may import of this module besides release. A
// domain takes values and says what is so: it knows no adapter, no runner, no
// action.
var domains = map[string][]string{
	"traffic":   {"internal/gate"},
	"gate":      nil,
	"migration": {"internal/review"},
	"image":     nil,
	"slot":      nil,
	"cleanup":   {"internal/traffic", "internal/slot"},
	"smoke":     nil,
	"queue":     nil,
	"diagnosis": nil,
	"notify":    nil,
	"preflight": nil,
	"review":    nil,
	"signoff":   nil,
	"draft":     {"internal/image"},
	"checklist": {"internal/course", "internal/summary"},
	"course":    {"internal/gate", "internal/traffic"},
	"audit":     {"internal/checklist", "internal/course", "internal/gate", "internal/summary", "internal/traffic"},
}

// pure is the modules that a domain may use: they compute, and talk to nobody.
var pure = []string{
	"github.com/itchyny/gojq", "golang.org/x/sync/errgroup",
	"github.com/prometheus/prometheus/model/labels", "github.com/prometheus/prometheus/model/textparse",
}

// wiring is the packages that see both sides. All others below internal that
// are no domain are adapters, and keep to their rule.
var wiring = []string{"action", "config", "connect", "demo"}

// rule is one rule of the house: what is wrong in one file.
type rule func(file) []finding

var rules = map[string]rule{
	"release imports the standard library only":                            releaseIsTheCentre,
	"a domain imports release, and what its line in the table says":        domainsPointInwards,
	"a domain reads no environment, prints nothing and does not exit":      domainsAreSilent,
	"an adapter does not know the action, the runner or the configuration": adaptersPointInwards,
	"nothing below internal imports an action or a command":                internalIsInside,
	"an action does not import another":                                    actionsStandAlone,
	"a file of an action has at most 150 lines":                            actionsAreShort,
	"only process starts processes":                                        onlyProcessExecutes,
	"only runner reads what GitHub's runner sets":                          onlyRunnerKnowsGitHub,
	"only main reads the environment":                                      onlyMainReadsTheEnvironment,
	"a test is never skipped":                                              testsAreNotSkipped,
	"what is left to do is done, or is no comment":                         nothingIsLeftToDo,
}

func releaseIsTheCentre(f file) []finding {
	return f.check(f.below("internal/release") && !f.test, func(path string) bool { return !foreign(path) && !ours(path) })
}

func domainsPointInwards(f file) []finding {
	allowed, isDomain := domains[f.within("internal")]
	return f.check(isDomain && !f.test, func(path string) bool {
		switch {
		case ours(path):
			return path == "internal/release" || strings.HasPrefix(path+"/", "internal/"+f.within("internal")+"/") || slices.Contains(allowed, path) ||
				path == "internal/openloop" && strings.HasSuffix(f.folder, "test") // suites put real requests on
		case foreign(path):
			return slices.Contains(pure, path)
		}
		return path != "os/exec"
	})
}

func adaptersPointInwards(f file) []finding {
	name := f.within("internal")
	_, isDomain := domains[name]
	return f.check(name != "" && !isDomain && !slices.Contains(wiring, name) && !f.test, func(path string) bool {
		return path == f.folder || !slices.Contains([]string{"internal/action", "internal/runner", "internal/config", "internal/connect", "internal/demo"}, path)
	})
}

func internalIsInside(f file) []finding {
	return f.check(f.below("internal"), func(path string) bool {
		return !strings.HasPrefix(path, "actions/") && !strings.HasPrefix(path, "cmd/")
	})
}

func actionsStandAlone(f file) []finding {
	return f.check(f.below("actions"), func(path string) bool {
		return !strings.HasPrefix(path, "actions/") || strings.HasPrefix(path, "actions/internal/") || strings.HasPrefix(path, f.folder+"/") || path == f.folder
	})
}

func onlyProcessExecutes(f file) []finding {
	return f.check(f.folder != "internal/process" && !f.test && !f.below("examples"), func(path string) bool { return path != "os/exec" })
}

// check finds the imports that are not allowed, if the rule is about the file.
func (f file) check(concerned bool, allowed func(path string) bool) []finding {
	var all []finding
	for path, spec := range f.imports() {
		if concerned && !allowed(path) {
			all = append(all, f.found(spec.Pos(), "%s imports %s", f.folder, path))
		}
	}
	return all
}

func actionsAreShort(f file) []finding {
	const most = 150
	if !f.below("actions") || f.test || f.lines <= most {
		return nil
	}
	return []finding{f.found(f.tree.FileEnd, "the file has %d lines, want at most %d", f.lines, most)}
}

// loud is what a domain leaves to others.
var loud = map[string][]string{
	"os":  {"Getenv", "LookupEnv", "Environ", "ExpandEnv", "Exit", "Stdout", "Stderr", "Stdin"},
	"fmt": {"Print", "Printf", "Println"},
	"log": {"Print", "Printf", "Println", "Fatal", "Fatalf", "Fatalln"},
}

func domainsAreSilent(f file) []finding {
	if _, isDomain := domains[f.within("internal")]; !isDomain || f.test {
		return nil
	}
	return f.selectors(func(of, name string) bool { return slices.Contains(loud[of], name) }, "a domain does not use %s.%s")
}

// standards is the packages that read a variable which what they talk to has
// always been told by: the agent of SSH, the engine of docker, the tokens of
// GitHub for AWS. The lab and the sample application are programs of their own.
var standards = []string{"internal/ssh", "internal/docker", "internal/amazon", "internal/lab", "examples"}

// onlyMainReadsTheEnvironment finds what would see other variables than the rest
// of the program: not those of BLUEGREEN_ENV, and not those of a test.
func onlyMainReadsTheEnvironment(f file) []finding {
	if f.test || strings.HasSuffix(f.path, "/main.go") || slices.ContainsFunc(standards, f.below) {
		return nil
	}
	return f.selectors(func(of, name string) bool {
		return of == "os" && slices.Contains([]string{"Getenv", "LookupEnv", "Environ", "ExpandEnv"}, name)
	}, "ask what main was given, such as job.Getenv: %s.%s reads past it")
}

func testsAreNotSkipped(f file) []finding {
	if !f.test {
		return nil
	}
	return f.selectors(func(of, name string) bool {
		return slices.Contains([]string{"t", "b", "f", "tb"}, of) && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, name)
	}, "start what is missing, or fail: %s.%s skips")
}

func (f file) selectors(wanted func(of, name string) bool, format string) []finding {
	var all []finding
	ast.Inspect(f.tree, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if of, ok := s.X.(*ast.Ident); ok && wanted(of.Name, s.Sel.Name) {
				all = append(all, f.found(s.Pos(), format, of.Name, s.Sel.Name))
			}
		}
		return true
	})
	return all
}

var variable = regexp.MustCompile(`^GITHUB_[A-Z_]+$`)

// onlyRunnerKnowsGitHub finds the names of variables, as they are read; a
// sentence may speak of one. The demo and the lab stand in for GitHub.
func onlyRunnerKnowsGitHub(f file) []finding {
	in := f.within("internal")
	if !f.below("internal") && !f.below("actions") || f.test || slices.Contains([]string{"runner", "lab", "demo"}, in) || f.path == "internal/action/describe.go" {
		return nil
	}
	var all []finding
	ast.Inspect(f.tree, func(n ast.Node) bool {
		if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
			if value, _ := strconv.Unquote(text.Value); variable.MatchString(value) {
				all = append(all, f.found(text.Pos(), "only internal/runner reads %s", value))
			}
		}
		return true
	})
	return all
}

var unfinished = regexp.MustCompile(`\b(` + strings.Join([]string{"TO" + "DO", "FIX" + "ME", "X" + "XX"}, "|") + `)\b`)

func nothingIsLeftToDo(f file) []finding {
	var all []finding
	for _, group := range f.tree.Comments {
		for _, c := range group.List {
			if word := unfinished.FindString(c.Text); word != "" {
				all = append(all, f.found(c.Pos(), "the comment says %s", word))
			}
		}
	}
	return all
}
