package release_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"text/template"

	"gopkg.in/yaml.v3"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	const word = "hunter2"
	type login struct {
		User     string
		Password release.Secret
		List     []release.Secret
		Map      map[string]release.Secret
		Pointer  *release.Secret
	}
	secret := release.Secret(word)
	l := login{"root", secret, []release.Secret{secret}, map[string]release.Secret{"key": secret}, &secret}
	for name, print := range map[string]func() string{
		"JSON": func() string { return marshal(t, json.Marshal, l) },
		"YAML": func() string { return marshal(t, yaml.Marshal, l) },
		"slog as text": func() string {
			return logged(func(w *bytes.Buffer) slog.Handler { return slog.NewTextHandler(w, nil) }, l, secret)
		},
		"slog as JSON": func() string {
			return logged(func(w *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(w, nil) }, l, secret)
		},
		"a template":           func() string { return filled(t, l) },
		"an error around it":   func() string { return fmt.Errorf("log in as %v: %q", l, secret).Error() },
		"Sprint":               func() string { return fmt.Sprint(l, secret) },
		"String":               func() string { return secret.String() },
		"text, for a protocol": func() string { text, _ := secret.MarshalText(); return string(text) },
	} {
		if got := print(); strings.Contains(got, word) || !strings.Contains(got, "***") {
			t.Errorf("%s: %s", name, got)
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%f", "%c", "%U", "%20s", "%-20q", "%z"} {
		for _, value := range []any{secret, &secret, l, []release.Secret{secret}} {
			if got := fmt.Sprintf(verb, value); strings.Contains(got, word) || strings.Contains(strings.ToLower(got), fmt.Sprintf("%x", word)) {
				t.Errorf("%s of a %T: %s", verb, value, got)
			}
		}
	}
}

func TestASecretCanBeRevealedAndBeEmpty(t *testing.T) {
	t.Parallel()
	var s release.Secret
	if err := s.UnmarshalText([]byte("hunter2")); err != nil || s.Reveal() != "hunter2" {
		t.Errorf("got %q, %v", s.Reveal(), err)
	}
	if empty := fmt.Sprintf("%v%s%#v", release.Secret(""), release.Secret(""), release.Secret("")); empty != "" {
		t.Errorf("an empty secret prints %q", empty)
	}
}

func marshal(t *testing.T, with func(any) ([]byte, error), value any) string {
	t.Helper()
	text, err := with(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func logged(handler func(*bytes.Buffer) slog.Handler, values ...any) string {
	var out bytes.Buffer
	log := slog.New(handler(&out))
	for _, v := range values {
		log.With("bound", v).WithGroup("group").Info("logged in", "value", v, slog.Group("inner", "value", v))
	}
	return out.String()
}

func filled(t *testing.T, value any) string {
	t.Helper()
	var out strings.Builder
	if err := template.Must(template.New("").Parse("{{.}} {{.Password}} {{printf `%q` .Password}}")).Execute(&out, value); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
