package compose

import (
	"maps"
	"slices"
	"testing"
)

// FuzzParse holds to this: compose's own view of the files is refused, or it has
// services.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"services: {web: {image: shop, scale: 2, depends_on: [db]}}",
		"services: {web: {deploy: {replicas: 0}, depends_on: {db: {condition: service_healthy}}}}",
		"version: '3'\nservices:\n  web: null\n", "services: {web: {scale: -1}}", "services: []", "a: &a [*a]", "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := parse(text)
		if services := m.services(); (err == nil) != (len(services) > 0) {
			t.Errorf("%q has %d services, %v", text, len(services), err)
		}
	})
}

// FuzzApplication holds to this: what a first configuration is drafted from has the
// services that a deployment would have.
func FuzzApplication(f *testing.F) {
	for _, seed := range []string{
		"name: shop\nservices: {web: {image: shop, build: ., ports: ['8080:80', '[::1]:1:2/udp', {published: 1}], environment: [A=b, C]}}",
		"services: {web: {build: {context: /src/web, args: [A]}, healthcheck: {test: [CMD, curl]}, network_mode: host}}",
		"services: {web: {healthcheck: {test: curl}, environment: {A: null}, depends_on: [db]}}", "services: {web: null}", "a: &a [*a]", "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := application(text, "/src")
		m, _ := parse(text)
		have, want := slices.Sorted(maps.Keys(a.Services)), slices.Sorted(maps.Keys(m.services()))
		if err == nil && len(want) > 0 && !slices.Equal(have, want) {
			t.Errorf("%q has the services %q, want %q", text, have, want)
		}
	})
}
