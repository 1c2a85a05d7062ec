package compose

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/draft"
)

func TestAnApplicationIsReadAsBothVersionsWriteIt(t *testing.T) {
	t.Parallel()
	want := draft.Application{Name: "shop", Services: map[string]draft.Service{
		"web": {
			Image: "shop/web", Build: &draft.Build{Context: "web", Dockerfile: "Dockerfile.prod", Target: "app", Args: []string{"NODE_ENV"}},
			Ports: []draft.Port{{Published: "8080"}, {Host: "127.0.0.1", Published: "9090"}, {Host: "::1", Published: "9091"}, {}},
			Test:  []string{"CMD-SHELL", "curl -f http://localhost/health"}, Needs: []string{"redis"},
			Variables: map[string]string{"REDIS_URL": "redis://redis", "TOKEN": ""},
		},
		"redis": {Image: "redis", HostNetwork: true},
	}}
	for version, text := range map[string]string{
		"2": `
name: shop
services:
  web:
    image: shop/web
    build: {context: /src/web, dockerfile: Dockerfile.prod, target: app, args: {NODE_ENV: production}}
    ports:
      - {mode: ingress, target: 80, published: "8080", protocol: tcp}
      - {mode: ingress, host_ip: 127.0.0.1, target: 90, published: "9090", protocol: tcp}
      - {mode: ingress, host_ip: "::1", target: 91, published: "9091", protocol: tcp}
      - {mode: ingress, target: 92, protocol: tcp}
      - {mode: ingress, target: 53, published: "53", protocol: udp}
    healthcheck: {test: [CMD-SHELL, "curl -f http://localhost/health"]}
    depends_on: {redis: {condition: service_started, required: true}}
    environment: {REDIS_URL: "redis://redis", TOKEN: null}
  redis: {image: redis, network_mode: host}`,
		"1": `
name: shop
services:
  web:
    image: shop/web
    build: {context: /src/web, dockerfile: Dockerfile.prod, target: app, args: [NODE_ENV=production]}
    ports: [8080:80/tcp, 127.0.0.1:9090:90/tcp, "[::1]:9091:91/tcp", 92/tcp, 53:53/udp]
    healthcheck: {test: "curl -f http://localhost/health"}
    depends_on: [redis]
    environment: [REDIS_URL=redis://redis, TOKEN]
  redis: {image: redis, network_mode: host}`,
	} {
		got, err := application([]byte(text), "/src")
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b []string) bool { return strings.Join(a, "\n") == strings.Join(b, "\n") })); err != nil || diff != "" {
			t.Errorf("version %s: %v %s", version, err, diff)
		}
	}
}

func TestAnApplicationThatCannotBeReadSaysNothingOfIt(t *testing.T) {
	t.Parallel()
	if _, err := application([]byte("services: {web: {environment: {TOKEN: [hunter2]}, ports: hunter2}}"), "/src"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}
