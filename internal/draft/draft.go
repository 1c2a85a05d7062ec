package draft

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"text/template"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Router is a kind of load balancer.
type Router string

// UnmarshalText accepts the sections of the configuration's router.
func (r *Router) UnmarshalText(text []byte) error {
	switch *r = Router(text); *r {
	case "nginx", "nginx-reload", "haproxy", "alb":
		return nil
	}
	return fmt.Errorf("router %q: want nginx, nginx-reload, haproxy or alb", text)
}

// Label is the name of an environment, which is a label of its runners, too.
type Label string

var labelForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// UnmarshalText refuses a name that could not be written as it is.
func (l *Label) UnmarshalText(text []byte) error {
	if *l = Label(text); !labelForm.Match(text) {
		return fmt.Errorf("environment %q: want letters, digits, dots, dashes and underscores, such as production", text)
	}
	return nil
}

// File is one file of the draft. Its path is relative to the checkout.
type File struct{ Path, Text string }

//go:embed *.tmpl
var texts embed.FS

// templates have marks of their own, since GitHub's expressions use braces.
var templates = template.Must(template.New("").Delims("<<", ">>").Funcs(template.FuncMap{
	"q": quote, "pushed": pushed, "list": list, "join": func(all []string) string { return strings.Join(all, ", ") },
}).ParseFS(texts, "*.tmpl"))

// Files drafts the configuration and the workflow. Green is read like blue where the
// layout has files of its own for each slot.
func Files(checkout fs.FS, layout Layout, wish Wish, blue, green Application) ([]File, error) {
	if err := blue.check(); err != nil {
		return nil, release.Reject("give the compose files of the application in the input compose", "read the application: %w", err)
	}
	s := look(checkout, layout, wish, blue, green)
	files := []File{{Path: ".github/bluegreen.yml"}, {Path: ".github/workflows/release.yml"}}
	for i, name := range []string{"bluegreen.yml.tmpl", "release.yml.tmpl"} {
		var text bytes.Buffer
		if err := templates.ExecuteTemplate(&text, name, s); err != nil {
			return nil, fmt.Errorf("draft %s: %w", files[i].Path, err)
		}
		files[i].Text = text.String()
	}
	return files, nil
}

// bare is what means the same in YAML with and without quotes, in a flow, too.
var bare = regexp.MustCompile(`^[A-Za-z0-9/_][A-Za-z0-9/_.@+-]*(:[A-Za-z0-9/_.@+-]+)*$`)

// quote writes a text of others as one value. A dollar sign in it is no variable.
func quote(text string) string {
	if bare.MatchString(text) && !strings.EqualFold(text, "null") {
		return text
	}
	return strconv.Quote(strings.ReplaceAll(text, "$", "$$"))
}

// pushed writes a repository, which may begin with the variable of the registry.
func pushed(repository string) string {
	if name, ok := strings.CutPrefix(repository, registryVariable); ok {
		return registryVariable + name
	}
	return quote(repository)
}

func list(all []string) string {
	quoted := make([]string, len(all))
	for i, text := range all {
		quoted[i] = quote(text)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
