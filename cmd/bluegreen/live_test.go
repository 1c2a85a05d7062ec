package main

import (
	"os"
	"strings"
	"testing"
)

// A slot that is named where another one has the traffic is not taken in silence.
func TestALiveThatIsIgnoredIsSaid(t *testing.T) {
	for name, c := range map[string]struct{ verb, key, settings string }{
		"nginx":        {"nginx install", "nginx", `{state: DIR/state, url: "http://127.0.0.1:1", config: DIR/conf/bluegreen.conf, services: SERVICES}`},
		"nginx-reload": {"nginx-reload", "nginx-reload", `{state: DIR/state, include: DIR/conf/upstreams.conf, listen: "127.0.0.1:1", services: SERVICES}`},
		"haproxy":      {"haproxy", "haproxy", `{state: DIR/state, socket: DIR/admin.sock, url: "http://127.0.0.1:1", config: DIR/bg.cfg, services: SERVICES}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, err := os.MkdirTemp("/var/tmp", "bluegreen-") // on a disk, and open to nginx's workers
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			settings := strings.NewReplacer("DIR", dir, "SERVICES", `{web: {blue: "127.0.0.1:81", green: "127.0.0.1:82"}}`).Replace(c.settings)
			for _, run := range []struct {
				live    []string
				ignored bool
			}{{nil, false}, {[]string{"--live", "green"}, true}, {[]string{"--live", "blue"}, false}} {
				args := append(strings.Fields(c.verb), "--routers", "{a: {"+c.key+": "+settings+"}}")
				status, said := bluegreen(t, dir, append(args, run.live...)...)
				if status != 0 || strings.Contains(said, "--live green is ignored: blue has the traffic") != run.ignored {
					t.Errorf("%v: status %d, %s", run.live, status, said)
				}
			}
		})
	}
}
