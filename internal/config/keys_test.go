package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/config"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	var got []string
	for _, section := range []string{"application", "shift", "router", "gates", "hosts"} {
		for _, k := range config.KeysIn(typeOf, section) {
			line := strings.TrimSpace(k.Path + ": " + k.Help + " " + k.Default)
			if k.Secret {
				line += " (secret)"
			}
			got = append(got, line)
		}
	}
	want := []string{
		"application: Name of the application.",
		"shift.bake: How long a step lasts. 5m", "shift.max-bake: How long it lasts at most. 30m",
		"shift.steps: Weights, in their order. [10, 50%, 100]", "shift.slot: Where it begins. blue", "shift.hold: Stay where it is. false",
		"shift.retries: How often. 3", "shift.small: A small number.", "shift.tolerance: In percent. 0.5", "shift.largest: The largest image. 500MB",
		"shift.password: Of the balancer. (secret)", "shift.names: Any names.", "shift.window: May be missing.",
		"router.kind: Which one. nginx", "router.url: Its address.", "gates: Rules on metrics.", "hosts: Where the slots are.",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestASectionThatDoesNotExist(t *testing.T) {
	t.Parallel()
	defer func() {
		if p := recover(); p != `config: no section "no such"` {
			t.Errorf("got %v", p)
		}
	}()
	config.Keys("no such")
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	type inner struct{ Token release.Secret }
	value := struct {
		One    release.Secret
		Empty  release.Secret
		List   []release.Secret
		Map    map[string]inner
		Inner  *inner
		Nil    *inner
		Any    any
		hidden release.Secret
	}{"a", "", []release.Secret{"b", "c"}, map[string]inner{"k": {"d"}}, &inner{"e"}, nil, inner{"f"}, "g"}
	if diff := cmp.Diff([]string{"a", "b", "c", "d", "e", "f"}, config.Secrets(&value)); diff != "" {
		t.Error(diff)
	}
}
