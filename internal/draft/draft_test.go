package draft_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/bluegreen-actions/bluegreen/internal/config"
	"github.com/bluegreen-actions/bluegreen/internal/draft"
)

// filled puts something in place of what is to be filled in.
var filled = strings.NewReplacer("url: FILL_IN", "url: http://127.0.0.1:1", "path: FILL_IN", "path: /", "127.0.0.1:FILL_IN", "127.0.0.1:1", "FILL_IN", "x")

// drafted is the configuration once it is filled in, with what is refused of it before,
// and the text of both files.
func drafted(t *testing.T, checkout fstest.MapFS, layout draft.Layout, router draft.Router, blue, green draft.Application) (config.File, config.Problems, [2]string) {
	t.Helper()
	files, err := draft.Files(checkout, layout, draft.Wish{Router: router, Environment: "production", Tool: "docker compose 2.40.3"}, blue, green)
	if err != nil {
		t.Fatal(err)
	}
	sections := []string{"application", "images", "registry", "slots", "router", "shift", "prometheus", "gates", "smoke", "database", "queue"}
	set := func(name string) (string, bool) { return "the-" + strings.ToLower(name), true }
	read := func(text string) (config.File, config.Problems) {
		file, problems, err := config.LoadLenient(set, sections, []string{}, config.Source{Name: files[0].Path, Text: text})
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		return file, problems
	}
	_, problems := read(files[0].Text)
	file, _ := read(filled.Replace(files[0].Text))
	return file, problems, [2]string{files[0].Text, files[1].Text}
}

// shop is an application as most are: one file, which builds two images and runs
// PostgreSQL and Redis beside them.
func shop() draft.Application {
	return draft.Application{Name: "Shop_1", Services: map[string]draft.Service{
		"web": {
			Build: &draft.Build{Context: "web", Args: []string{"NODE_ENV", "VERSION"}}, Ports: []draft.Port{{Published: "8080"}},
			Test: []string{"CMD", "curl", "-f", "http://localhost:3000/health?deep=1"}, Needs: []string{"db", "redis"},
			Variables: map[string]string{"DATABASE_URL": "postgres://shop:hunter2@db/shop", "REDIS_URL": "redis://redis"},
		},
		"admin":     {Image: "reg.example.com:5000/shop/admin:v3", Build: &draft.Build{Context: ".", Dockerfile: "admin/Dockerfile", Target: "app"}, Ports: []draft.Port{{Host: "10.0.0.7", Published: "8081"}}},
		"mail-jobs": {Build: &draft.Build{Context: "."}, Needs: []string{"redis"}, Variables: map[string]string{"QUEUE_NAME": "mails: $all"}},
		"clock":     {Image: "acme/clock:1"},
		"db":        {Image: "postgres:17"},
		"redis":     {Image: "valkey/valkey:8"},
	}}
}

func TestAnApplicationWithOneFile(t *testing.T) {
	t.Parallel()
	checkout := fstest.MapFS{"db/migrations/001_a.up.sql": {}, "db/migrations/contract/001_b.up.sql": {}, "node_modules/x/001_b.up.sql": {}}
	got, problems, text := drafted(t, checkout, draft.Layout{Blue: []string{"docker-compose.yml"}}, "nginx", shop(), draft.Application{})
	web := got.Router.Nginx.Services["web"]
	for what, holds := range map[string]bool{
		"the name is one for compose":          got.Application == "shop_1" && got.Slots.Blue.Project == "shop_1" && got.Slots.Green.Project == "shop_1-green",
		"blue is where it is":                  got.Slots.Blue.Services["web"] == "http://127.0.0.1:8080" && got.Slots.Blue.Services["admin"] == "http://10.0.0.7:8081",
		"green has ports of its own":           got.Slots.Green.Services["web"] == "http://127.0.0.1:8083" && got.Slots.Green.Services["admin"] == "http://10.0.0.7:8082",
		"the load balancer has the same":       web.Blue[0] == "127.0.0.1:8080" && web.Green[0] == "127.0.0.1:8083",
		"who takes jobs":                       got.Slots.Workers.Service == "mail-jobs" && got.Queue.Name == "mails: $all",
		"what is built, and where it goes":     got.Images["admin"].Repository == "reg.example.com:5000/shop/admin" && got.Images["admin"].Dockerfile == "admin/Dockerfile" && got.Images["admin"].Target == "app" && got.Images["mail-jobs"].Repository == "the-registry/shop_1-mail-jobs",
		"what is not built":                    len(got.Images) == 3 && strings.Contains(text[0], "Not built by a release: clock."),
		"no account where there are two hosts": got.Registry.Server == "" && !strings.Contains(text[1], "REGISTRY_PASSWORD"),
		"the folder of the migrations":         got.Database.Folder == "db/migrations",
		"the page of a health check":           got.Smoke.Checks[1].Path == "/health?deep=1",
		"the rules all have something":         len(got.Gates.Skip) == 0,
		"the workflow passes what is needed":   strings.Contains(text[1], "secrets.DATABASE_URL") && strings.Contains(text[1], "secrets.REDIS_URL"),
		"no secret":                            !strings.Contains(text[0]+text[1], "hunter2"),
		"what both share is said":              strings.Count(text[0], "A file without db, redis: ") == 2,
	} {
		if !holds {
			t.Errorf("%s: not in\n%s\n%s", what, text[0], text[1])
		}
	}
	wantKeys(t, problems, "images.web.args.NODE_ENV", "slots.blue.compose[0]", "slots.green.compose[0]", "router.nginx.url", "prometheus.url", "smoke.checks[0].path")
}

func wantKeys(t *testing.T, problems config.Problems, want ...string) {
	t.Helper()
	var keys []string
	for _, p := range problems {
		if keys = append(keys, p.Key); !strings.Contains(p.Text, draft.FillIn+" stands for") {
			t.Errorf("%s", p)
		}
	}
	slices.Sort(keys)
	slices.Sort(want)
	if !slices.Equal(keys, want) {
		t.Errorf("to be filled in: %q, want %q", keys, want)
	}
}

func TestEachLoadBalancerIsDrafted(t *testing.T) {
	t.Parallel()
	page := draft.Application{Name: "page", Services: map[string]draft.Service{"page": {Build: &draft.Build{Context: "."}, Ports: []draft.Port{{Host: "::", Published: "80"}}, Test: []string{"CMD-SHELL", "wget -q http://localhost"}}}}
	rest := []string{"slots.green.compose[0]", "prometheus.url"}
	for router, own := range map[draft.Router][]string{
		"nginx":        {"router.nginx.url"},
		"nginx-reload": {"router.nginx-reload.listen"},
		"haproxy":      {"router.haproxy.url"},
		"alb":          {"router.alb.region", "router.alb.services.page.rules[0]", "router.alb.services.page.blue", "router.alb.services.page.green", "router.alb.services.page.url"},
	} {
		got, problems, text := drafted(t, nil, draft.Layout{Blue: []string{"compose.yaml"}}, router, page, draft.Application{})
		wantKeys(t, problems, append(slices.Clone(rest), own...)...)
		if got.Slots.Green.Services["page"] != "http://[::1]:81" || got.Smoke.Checks[0].Path != "/" || !slices.Equal(got.Gates.Skip, []string{"worker-lag", "workers-running", "db-connections"}) {
			t.Errorf("%s:\n%s", router, text[0])
		}
		if strings.Contains(text[1], "DATABASE_URL") || strings.Contains(text[1], "REDIS_URL") || got.Database.URL != "" || got.Queue.URL != "" {
			t.Errorf("%s: a page has neither a database nor a queue:\n%s\n%s", router, text[0], text[1])
		}
	}
}

func TestWhatCannotBeKnownIsToBeFilledIn(t *testing.T) {
	t.Parallel()
	apps := map[string]struct {
		app  draft.Application
		want []string
	}{
		"nothing is reached": {
			draft.Application{Name: "x", Services: map[string]draft.Service{"cron": {Image: "acme/cron"}}},
			[]string{"images.cron.dockerfile", "slots.blue.services.web", "slots.green.services.web", "router.nginx.services.web.blue[0]", "router.nginx.services.web.green[0]", "smoke.checks[0].path"},
		},
		"a port that changes, and a context elsewhere": {
			draft.Application{Name: "x", Services: map[string]draft.Service{"a": {Build: &draft.Build{Context: "https://git.example.com/a"}, Ports: []draft.Port{{}}, Test: []string{"CMD-SHELL", "curl http://localhost/"}}}},
			[]string{"images.a.context", "slots.blue.services.a", "slots.green.services.a", "router.nginx.services.a.blue[0]", "router.nginx.services.a.green[0]"},
		},
		"two that take jobs": {
			draft.Application{Name: "x", Services: map[string]draft.Service{
				"a": {Build: &draft.Build{Context: "."}, Variables: map[string]string{"REDIS_HOST": "r"}}, "b": {Build: &draft.Build{Context: "."}, Variables: map[string]string{"JOBS": "rediss://r"}},
				"c": {Build: &draft.Build{Context: "."}, HostNetwork: true, Variables: map[string]string{"PORT": "3000", "SMTP_ADDR": "127.0.0.1:25"}, Test: []string{"CMD", "curl", "http://localhost/"}},
			}},
			[]string{"slots.workers.service", "queue.name"},
		},
		"a database without migrations": {
			draft.Application{Name: "x", Services: map[string]draft.Service{"a": {Build: &draft.Build{Context: "."}, Ports: []draft.Port{{Published: "80"}}, Variables: map[string]string{"DATABASE_URL": ""}, Test: []string{"CMD", "curl", "http://localhost/"}}}},
			[]string{"database.migrations"},
		},
	}
	for name, tt := range apps {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, problems, _ := drafted(t, nil, draft.Layout{Blue: []string{"compose.yaml"}}, "nginx", tt.app, draft.Application{})
			wantKeys(t, problems, append([]string{"slots.green.compose[0]", "router.nginx.url", "prometheus.url"}, tt.want...)...)
		})
	}
}

func TestAnotherDatabaseIsNotTakenForPostgreSQL(t *testing.T) {
	t.Parallel()
	app := draft.Application{Name: "x", Services: map[string]draft.Service{"a": {Build: &draft.Build{Context: "."}, Variables: map[string]string{"DATABASE_URL": ""}}, "db": {Image: "mysql:8"}}}
	got, _, text := drafted(t, nil, draft.Layout{Blue: []string{"compose.yaml"}}, "nginx", app, draft.Application{})
	if got.Database.URL != "" || !slices.Contains(got.Gates.Skip, "db-connections") {
		t.Error(text[0])
	}
}

func TestAnApplicationThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for name, app := range map[string]draft.Application{
		"have no services":          {Name: "x"},
		`service "a b\n": want a n`: {Name: "x", Services: map[string]draft.Service{"a b\n": {}}},
	} {
		_, err := draft.Files(fstest.MapFS{}, draft.Layout{Blue: []string{"a.yml"}}, draft.Wish{Router: "nginx", Environment: "production"}, app, draft.Application{})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %s", err, name)
		}
	}
}
