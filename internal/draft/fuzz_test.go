package draft_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/bluegreen-actions/bluegreen/internal/draft"
)

// FuzzFiles holds to this: whatever compose reads, the draft is refused, or it is a
// configuration that means what was read and lacks only what is to be filled in.
func FuzzFiles(f *testing.F) {
	for _, seed := range [][5]string{
		{"shop", "web", "reg.example.com/web:v1", "curl http://localhost/health", "mails"},
		{"a: b # c", "NULL", "a b\nc", "http://x/${HOME} 'a", "null"}, {"", "0", "", "http://a/\"\\", "x: {{y}}, [z] FILL_IN"}, {"\x00", "-", "$", "https://é/\u2028", "${REGISTRY}"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4])
	}
	f.Fuzz(func(t *testing.T, name, service, image, test, queue string) {
		if !utf8.ValidString(queue) {
			return // compose writes YAML, which is UTF-8
		}
		app := draft.Application{Name: name, Services: map[string]draft.Service{
			service: {Image: image, Build: &draft.Build{Context: "."}, Ports: []draft.Port{{Published: "80"}}, Test: []string{test}},
			"jobs":  {Image: image, Variables: map[string]string{"REDIS_URL": "", "QUEUE": queue}},
		}}
		if _, err := draft.Files(fstest.MapFS{}, draft.Layout{Blue: []string{"a.yml"}}, draft.Wish{Router: "nginx", Environment: "production"}, app, draft.Application{}); err != nil {
			return
		}
		got, problems, text := drafted(t, fstest.MapFS{}, draft.Layout{Blue: []string{"a.yml"}}, "nginx", app, draft.Application{})
		for _, p := range problems {
			known := strings.Contains(p.Text, draft.FillIn+" stands for") || strings.HasPrefix(p.Key, "images.") || strings.HasPrefix(p.Key, "registry")
			if !known && !strings.HasPrefix(p.Key, "router.nginx") && p.Key != "smoke.checks[0]" {
				t.Errorf("%s\n%s", p, text[0])
			}
		}
		if len(problems.In("queue")) == 0 && got.Queue.Name != queue {
			t.Errorf("queue %q, want %q in\n%s", got.Queue.Name, queue, text[0])
		}
	})
}
