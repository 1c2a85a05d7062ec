package compose

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/slot"
)

func TestArguments(t *testing.T) {
	t.Parallel()
	v1, v2 := Tool{[]string{"docker-compose"}, "1.29.2", 1}, Tool{[]string{"docker", "compose"}, "2.40.3", 2}
	p := Project{Name: "app-green", Files: []string{"compose.yml", "green.yml"}, EnvFile: "green.env"}
	scaled := slot.Up{Services: []string{"backend", "frontend"}, Scale: map[string]int{"backend": 2}}
	quiet := slot.Up{Services: []string{"worker"}, Scale: map[string]int{"worker": 3}, NoStart: true, NoDeps: true}
	tests := map[string]struct {
		got  []string
		want string
	}{
		"up with version 2":               {v2.up(p, "/tmp/pin.json", scaled), "docker compose --ansi never -p app-green -f compose.yml -f green.yml -f /tmp/pin.json --env-file green.env up --no-build --detach --scale backend=2 backend frontend"},
		"up with version 1":               {v1.up(p, "/tmp/pin.json", scaled), "docker-compose --ansi never -p app-green -f compose.yml -f green.yml -f /tmp/pin.json --env-file green.env up --no-build --detach --scale backend=2 backend frontend"},
		"workers that are only created":   {v2.up(p, "/tmp/pin.json", quiet), "docker compose --ansi never -p app-green -f compose.yml -f green.yml -f /tmp/pin.json --env-file green.env up --no-build --no-start --no-deps --scale worker=3 worker"},
		"the same with version 1":         {v1.up(p, "/tmp/pin.json", quiet), "docker-compose --ansi never -p app-green -f compose.yml -f green.yml -f /tmp/pin.json --env-file green.env up --no-build --no-start --no-deps --scale worker=3 worker"},
		"down, which keeps volumes":       {v2.down(p), "docker compose --ansi never -p app-green -f compose.yml -f green.yml --env-file green.env down --remove-orphans"},
		"config without an override":      {v1.config(Project{Name: "a", Files: []string{"c.yml"}}, ""), "docker-compose --ansi never -p a -f c.yml config"},
		"config without a name":           {v2.config(Project{Files: []string{"c.yml"}}, ""), "docker compose --ansi never -f c.yml config"},
		"config with an override, merged": {v2.config(p, "/tmp/pin.json"), "docker compose --ansi never -p app-green -f compose.yml -f green.yml -f /tmp/pin.json --env-file green.env config"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := strings.Join(tt.got, " "); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestAnOverrideIsJSONWithoutVariables(t *testing.T) {
	t.Parallel()
	text, err := encode(slot.Override{"web": {Image: "r/web@sha256:1", Labels: map[string]string{"a": "costs $5"}}, "db": {}}, "3.8")
	if err != nil {
		t.Fatal(err)
	}
	var got, want any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	_ = json.Unmarshal([]byte(`{"version":"3.8","services":{"web":{"image":"r/web@sha256:1","labels":{"a":"costs $$5"}},"db":{}}}`), &want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestConfigurationsOfBothVersionsAreRead(t *testing.T) {
	t.Parallel()
	m, err := parse([]byte(`
name: app
services:
  backend: {image: r/backend, depends_on: {migrate: {condition: service_completed_successfully, required: true}}, deploy: {replicas: 2}}
  frontend: {image: r/frontend, depends_on: [backend], container_name: front, scale: 1}
  migrate: {image: r/backend}
version: '3.8'
`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]slot.Service{
		"backend":  {Image: "r/backend", Replicas: 2, Needs: map[string]string{"migrate": "service_completed_successfully"}},
		"frontend": {Image: "r/frontend", Replicas: 1, Name: "front", Needs: map[string]string{"backend": "service_started"}},
		"migrate":  {Image: "r/backend", Replicas: 1},
	}
	if diff := cmp.Diff(want, m.services()); diff != "" || m.Version != "3.8" {
		t.Errorf("version %q, %s", m.Version, diff)
	}
	if _, err := parse([]byte("services: {}")); err == nil {
		t.Error("a configuration without services was accepted")
	}
}
