package release_test

import (
	"encoding/json"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestWeights(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		slot   release.Slot
		weight release.Weight
		text   string
		live   release.Slot // empty while it is split
	}{
		"blue has everything":  {release.Blue, 100, "blue 100% green 0%", release.Blue},
		"blue has nothing":     {release.Blue, 0, "blue 0% green 100%", release.Green},
		"green has everything": {release.Green, 100, "blue 0% green 100%", release.Green},
		"green has a tenth":    {release.Green, 10, "blue 90% green 10%", ""},
		"they share":           {release.Blue, 50, "blue 50% green 50%", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := release.Split(tt.slot, tt.weight)
			if w.String() != tt.text || w.Of(tt.slot) != tt.weight || w.Of(tt.slot.Other()) != 100-tt.weight {
				t.Errorf("got %v, want %s", w, tt.text)
			}
			if live, ok := w.Live(); live != tt.live || ok != (tt.live != "") {
				t.Errorf("live is %q, %t", live, ok)
			}
			roundTrip(t, w)
		})
	}
}

func TestNumbersInJSON(t *testing.T) {
	t.Parallel()
	roundTrip(t, release.Weight(25))
	roundTrip(t, release.Size(1_234_567))
	for _, text := range []string{`101`, `-1`, `"ten"`, `1.5`, `[]`, `{}`, `true`} {
		var w release.Weight
		if err := json.Unmarshal([]byte(text), &w); err == nil {
			t.Errorf("%s was taken as %v", text, w)
		}
	}
	var w release.Weight
	if err := json.Unmarshal([]byte(`"30%"`), &w); err != nil || w != 30 {
		t.Errorf("got %v, %v", w, err)
	}
}

func roundTrip[T comparable](t *testing.T, in T) {
	t.Helper()
	var out T
	text, err := json.Marshal(in)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil || out != in {
		t.Errorf("%v became %s and %v: %v", in, text, out, err)
	}
}
