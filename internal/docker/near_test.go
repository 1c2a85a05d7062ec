package docker_test

import (
	"net"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/docker"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
)

func TestWhatIsOnTheMachineOfTheEngine(t *testing.T) {
	t.Parallel()
	e, err := docker.Open(t.Context(), lab.Docker(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	want := map[string]bool{"127.0.0.1": true, "localhost": true, "::1": true, "192.0.2.1": false, "app-1.example.com": false, "": false}
	mine, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range mine {
		want[a.(*net.IPNet).IP.String()] = true
	}
	for host, near := range want {
		if got := e.Near(host); got != near {
			t.Errorf("%q: got %t", host, got)
		}
	}
}
