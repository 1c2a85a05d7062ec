package docker_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestALogWithoutAnEndIsSeen(t *testing.T) {
	t.Parallel()
	for config, want := range map[string]bool{
		`{"Type":"json-file","Config":{}}`:                    true,
		`{"Type":"json-file","Config":{"max-size":"-1"}}`:     true,
		`{"Type":"json-file","Config":{"max-size":"10m"}}`:    false,
		`{"Type":"journald","Config":{}}`:                     false,
		`{"Type":"local","Config":null}`:                      false,
		`{"Type":"json-file","Config":{"max-file":"3"}}`:      true,
		`{"Type":"syslog","Config":{"syslog-address":"tcp"}}`: false,
	} {
		e := engine(t, map[string]http.HandlerFunc{
			"/containers/json":   says(`[{"Id":"a"}]`),
			"/containers/a/json": says(`{"Id":"a","Image":"sha256:1","State":{"Status":"running"},"Config":{},"HostConfig":{"LogConfig":` + config + `}}`),
			"/images/":           says(`{"Id":"sha256:1"}`),
		})
		all, err := e.Containers(t.Context(), "shop")
		if err != nil || len(all) != 1 || all[0].Endless != want {
			t.Errorf("%s: %+v, %v", config, all, err)
		}
	}
}

// A client that dies while a container is removed leaves it to the engine.
func TestARemovalThatSomebodyElseBeganIsWaitedFor(t *testing.T) {
	t.Parallel()
	waited, end := false, `{"StatusCode":0}`
	e := engine(t, map[string]http.HandlerFunc{"/containers/a": func(w http.ResponseWriter, r *http.Request) {
		if waited = strings.HasSuffix(r.URL.Path, "/wait"); waited {
			_, _ = w.Write([]byte(end))
			return
		}
		w.WriteHeader(http.StatusConflict)
		_, _ = w.Write([]byte(`{"message":"removal of container a is already in progress"}`))
	}})
	if err := e.Remove(t.Context(), "a"); err != nil || !waited {
		t.Errorf("waited %t: %v", waited, err)
	}
	end = `{"StatusCode":0,"Error":{"Message":"driver failed to remove the root filesystem"}}`
	if err := e.Remove(t.Context(), "a"); err == nil || !strings.Contains(err.Error(), "driver failed to remove the root filesystem") {
		t.Errorf("it was not removed: %v", err)
	}
}

// It waits for longer than a question may take.
func TestADiskMayBeSlowToDelete(t *testing.T) {
	t.Parallel()
	slowly := func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(31 * time.Second):
			_, _ = w.Write([]byte(`[]`))
		case <-r.Context().Done():
		}
	}
	e := engine(t, map[string]http.HandlerFunc{"/images/": slowly, "/containers/": slowly})
	var both sync.WaitGroup
	both.Go(func() {
		if gone, err := e.Discard(t.Context(), "shop/web:1"); !gone || err != nil {
			t.Errorf("image: gone %t, %v", gone, err)
		}
	})
	both.Go(func() {
		if err := e.Remove(t.Context(), "a"); err != nil {
			t.Errorf("container: %v", err)
		}
	})
	both.Wait()
}

func TestAnImageThatHasGotAContainerIsKept(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]struct{ gone, bad bool }{200: {true, false}, 404: {true, false}, 409: {false, false}, 500: {false, true}} {
		e := engine(t, map[string]http.HandlerFunc{"/images/": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(map[bool]string{true: `[]`, false: `{"message":"said no"}`}[status == 200]))
		}})
		if gone, err := e.Discard(t.Context(), "shop/web:1"); gone != want.gone || (err != nil) != want.bad {
			t.Errorf("%d: gone %t, %v", status, gone, err)
		}
	}
}
