package fault_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/fault"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{
		"none": true, "errors": true, "errors:50": true, "slow:10": true, "load:80": true, "leak": true,
		"crash-worker:1": true, "error-log": true, "unhealthy": true, "tracking": true,
		"": false, "None": false, "error": false, "load:": false, "load:0": false, "load:-1": false, "load:x": false, "unhealthy:1": false, "none:1": false,
	} {
		if _, err := fault.Parse(text); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestErrorsAreSpreadEvenly(t *testing.T) {
	t.Parallel()
	f, err := fault.Parse("errors:10")
	if err != nil {
		t.Fatal(err)
	}
	h := f.API(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for tens := range 5 {
		bad := 0
		for range 10 {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
			if w.Code == http.StatusInternalServerError {
				bad++
			}
		}
		if bad != 1 {
			t.Errorf("ten requests, the %d. time: %d bad, want 1", tens, bad)
		}
	}
}

func TestAWorkerCrashesAfterItsJobs(t *testing.T) {
	t.Parallel()
	f, err := fault.Parse("crash-worker:2")
	if err != nil {
		t.Fatal(err)
	}
	if f.Crashes(1) || !f.Crashes(2) {
		t.Error("want a crash after the second job")
	}
	none, err := fault.Parse("none")
	if err != nil || none.Crashes(1000) || none.Unready() {
		t.Error("none should do nothing")
	}
}
