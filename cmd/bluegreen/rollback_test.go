package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/postgres"
	"github.com/bluegreen-actions/bluegreen/internal/redis"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

func (r *rig) queue(t *testing.T) {
	t.Helper()
	for _, c := range [][]any{
		{"LPUSH", "jobs", `{"type":"email","version":1,"to":"ann@example.org"}`, `{"type":"email","version":1,"to":"bob@example.org"}`},
		{"LPUSH", "jobs:parked", `{"type":"email","version":2,"to":"cid@example.org"}`},
		{"SET", "jobs:produced", 10}, {"HSET", "jobs:totals:blue", "sent", 4, "failed", 3},
	} {
		must(t, r.jobs.Do(t.Context(), c...).Err())
	}
}

func TestARollbackMovesTheTrafficAndWritesDownTheRest(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.queue(t)
	reports := t.TempDir()
	args := []string{"rollback", "--release", `{"id":"acme-shop-7","version":"v3","candidate":"green","good":"blue"}`, "--reason", "5xx at checkout", "--report", reports}
	got := r.back(t, nil, args...)
	r.ok(t, got, 0, release.Blue)
	t.Logf("the traffic was back %s ms after the decision", got.outputs["took-ms"])
	if got.outputs["moved"] != "true" || got.outputs["slot"] != "blue" {
		t.Errorf("outputs %v", got.outputs)
	}
	r.state(t, release.Green, "worker", slot.Exited)
	r.state(t, release.Green, "web", slot.Running)
	r.state(t, release.Blue, "worker", slot.Running)
	if impatient.MatchString(got.log + got.summary) { // once more, for what follows the traffic
		got = r.patiently(t, nil, args...)
	}
	for id, want := range map[string]release.Status{
		"4.1.s1": release.Passed, "4.1.v1": release.Passed, "4.1.v2": release.Passed, "8.2.s4": release.Passed,
		"4.3.p1": release.Passed, "4.3.p3": release.Passed, "4.5.s1": release.Passed, "4.5.s3": release.Passed, "4.5.s4": release.Passed, "4.5.s5": release.Passed,
		"4.5.4": release.Passed, "4.5.s2": release.Passed, "4.1.v3": "",
	} {
		if have := got.evidence(t, id); have != want {
			t.Errorf("%s is %q, want %q", id, have, want)
		}
	}
	for _, want := range []string{"1 of email/2", "None is dropped"} {
		if !strings.Contains(strings.ReplaceAll(got.summary, `\_`, "_"), want) {
			t.Errorf("the summary does not say %q:\n%s", want, got.summary)
		}
	}
	r.bundle(t, filepath.Join(reports, "diagnostics"))
	r.message(t)
}

// bundle looks at the folder that becomes the artifact.
func (r *rig) bundle(t *testing.T, dir string) {
	t.Helper()
	var names []string
	must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		names = append(names, name)
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), "@example.org") || strings.Contains(string(text), "hunter2") {
			t.Errorf("%s has an address or a secret in it:\n%s", name, text)
		}
		return err
	}))
	for _, want := range []string{
		"index.md", "index.json", "blue/containers.json", "green/containers.json", "blue/logs/web-1.log", "green/logs/worker-1.log", "blue/health/web.txt",
		"green/metrics/web.txt", "balancers/nginx-ledger.json", "lease.json", "queue/queue.json", "queue/entries.txt", "database.txt",
	} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not among %q", want, names)
		}
	}
	index, _ := os.ReadFile(filepath.Join(dir, "index.md"))
	entries, _ := os.ReadFile(filepath.Join(dir, "queue", "entries.txt"))
	if !strings.Contains(string(index), "[green/logs/worker-1.log](green/logs/worker-1.log)") || strings.Count(string(entries), `"type":"email"`) != 3 {
		t.Errorf("index:\n%s\nentries:\n%s", index, entries)
	}
}

func (r *rig) message(t *testing.T) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var m struct{ Event, Slot, Reason, Run, Version string }
	if len(r.told) == 0 {
		t.Fatalf("told %q", r.told)
	}
	must(t, json.Unmarshal([]byte(r.told[0]), &m))
	if m.Event != "rollback" || m.Slot != "blue" || m.Reason != "5xx at checkout" || m.Version != "v3" || !strings.HasSuffix(m.Run, "/acme/shop/actions/runs/7") {
		t.Errorf("told %+v", m)
	}
}

// Everything but the load balancer is gone, silent or wrong, and so is the
// configuration of it.
func TestARollbackNeedsOnlyTheLoadBalancer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer silent.Close() // accepts by its backlog, and never answers
	at := func(address string) map[string]string {
		return map[string]string{
			"DOCKER": "tcp://" + address, "REDIS_URL": "redis://:hunter2-hunter2@" + address, "DATABASE_URL": "postgres://me:hunter2-hunter2@" + address + "/shop",
			"WEBHOOK": "http://" + address + "/hunter2-hunter2", "GITHUB_API_URL": "http://" + address,
		}
	}
	unset := map[string]string{"DOCKER": "", "REDIS_URL": "", "DATABASE_URL": "", "WEBHOOK": ""}
	wrong := "gates: {pack: [}\nsmoke:\n\tchecks: 7\nhooks: true\nimages: 7\nprometheus: {url: 7, scrape-interval: soon}\n"
	for name, c := range map[string]struct {
		env           map[string]string
		configuration string
		warns         string
	}{
		"gone":   {at("127.0.0.1:1"), r.configuration, "none is"},
		"silent": {at(silent.Addr().String()), r.configuration, ""},
		"unset":  {unset, r.configuration, "variable REDIS_URL is not set"},
		"wrong":  {nil, wrong + r.configuration, "images"},
	} {
		r.write(t, c.configuration)
		r.again(t)
		begin := time.Now()
		got := r.back(t, c.env, "rollback", "--release", `{"id":"acme-shop-7","candidate":"green"}`)
		r.ok(t, got, 0, release.Blue)
		t.Logf("%s: back %s ms after the decision, the whole took %v", name, got.outputs["took-ms"], time.Since(begin).Round(time.Millisecond))
		if got.outputs["moved"] != "true" || c.warns != "none is" && !strings.Contains(got.log, c.warns) {
			t.Errorf("%s: outputs %v, log\n%s", name, got.outputs, got.log)
		}
	}
}

// A shift that took its own traffic back has ended, and nobody gives its claim back
// for it where no job of a workflow follows.
func TestARollbackWithoutAReleaseGivesBackTheClaimOfTheLastShift(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for claimed, want := range map[release.ID]bool{shop: true, "acme-shop-8": false} {
		must(t, traffic.TakeClaim(t.Context(), r.nginx, release.Green, claimed, true))
		r.again(t)
		must(t, r.nginx.Restore(t.Context(), release.Blue))
		got := r.patiently(t, nil, "rollback", "--reason", "it was interrupted")
		said := got.summary
		for try := 1; try < 20 && got.outputs["moved"] != "false"; try++ { // what it has not seen within a blink counts as moved
			got = r.patiently(t, nil, "rollback", "--reason", "it was interrupted")
			said += got.summary
		}
		r.ok(t, got, 0, release.Blue)
		page, err := r.nginx.Read(t.Context())
		must(t, err)
		if claim := page.Claims[release.Green]; claim.Release != claimed || claim.Yielded != want {
			t.Errorf("the claim of %s is %+v after\n%s", claimed, claim, said)
		}
		if got.outputs["moved"] != "false" || strings.Contains(said, "has given the green slot back") != want {
			t.Errorf("of %s: outputs %v\n%s", claimed, got.outputs, said)
		}
	}
}

// Whoever looks later is told that, and why, and that waiting does not end it.
func TestStatusAndTheCleanUpSayThatAShiftWasRolledBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	client, err := redis.Open(release.Secret(r.redis))
	must(t, err)
	defer client.Close()
	_, err = client.Lease(r.name).Acquire(t.Context(), traffic.Owner{Release: shop, Process: "attempt 1"})
	must(t, err)
	r.ok(t, r.patiently(t, nil, "rollback", "--reason", "5xx at the\ncheckout"), 0, release.Blue)
	got := r.patiently(t, nil, "status")
	said := strings.ReplaceAll(got.log+got.summary, `\_`, "_")
	for _, want := range []string{
		`last shift.*green.*acme-shop-7.*rolled back at 20[0-9T:.-]+Z: 5xx at the checkout`, `claim.*green.*acme-shop-7.*given back`,
		`lease.*ended by a rollback, last held by release acme-shop-7`,
	} {
		if !regexp.MustCompile(want).MatchString(said) {
			t.Errorf("status does not say %q:\n%s", want, said)
		}
	}
	got = r.patiently(t, nil, "finalize", "--stage", "clean", "--dry-run")
	if said := got.log + got.summary; got.status != 1 || !strings.Contains(said, "was rolled back at") || !strings.Contains(said, "start the next release") || strings.Contains(said, "hourly") {
		t.Errorf("exit status %d:\n%s", got.status, said)
	}
}

// What could not be opened since its variable is not set is none that was never
// configured.
func TestARollbackSaysWhichVariableIsMissing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	got := r.patiently(t, map[string]string{"REDIS_URL": "", "DATABASE_URL": "", "INPUT_WATCH": "1ms"}, "rollback")
	r.ok(t, got, 0, release.Blue)
	said := strings.ReplaceAll(got.summary, `\_`, "_")
	for _, want := range []string{"| lease |  | queue.url: variable REDIS_URL is not set", "| queue |  | queue.url: variable REDIS_URL is not set", "| database |  | database.url: variable DATABASE_URL is not set"} {
		if !strings.Contains(said, want) {
			t.Errorf("want %q in\n%s", want, said)
		}
	}
	for _, never := range []string{"nobody has held it", "none is configured"} {
		if strings.Contains(said, never) {
			t.Errorf("it says %q:\n%s", never, said)
		}
	}
	if !strings.Contains(got.log, "--watch 0s leaves this out left=green for=1ms") {
		t.Errorf("what is watched is not said:\n%s", got.log)
	}
}

// again gives green the traffic once more, with a token that is newer than the
// rollback.
func (r *rig) again(t *testing.T) {
	t.Helper()
	for token := traffic.Token(2); ; token++ {
		if err := r.nginx.Set(t.Context(), release.Green, 100, token); err == nil {
			return
		} else if token > 20 {
			t.Fatal(err)
		}
	}
}

func TestAStoppedSlotIsWokenBeforeItGetsTheTraffic(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		written bool // that it is stopped by choice
		args    []string
	}{
		"since the ledger says so":        {true, []string{"--release", `{"id":"acme-shop-7","candidate":"green"}`}},
		"since it is asked, and is found": {false, []string{"--cold", "true"}},
		"after it was forced":             {false, []string{"--force", "blue"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			if c.written {
				must(t, traffic.PutToSleep(t.Context(), r.nginx, release.Blue))
			}
			r.stop(t, release.Blue)
			got := r.patiently(t, nil, append([]string{"rollback"}, c.args...)...)
			r.ok(t, got, 0, release.Blue)
			r.state(t, release.Blue, "web", slot.Running)
			r.state(t, release.Blue, "worker", slot.Running)
			r.state(t, release.Green, "worker", slot.Exited)
			page, err := r.nginx.Read(t.Context())
			if err != nil || page.Woke == nil || page.Woke.Took <= 0 || page.Good.Asleep {
				t.Errorf("%+v, %v", page, err)
			}
		})
	}
}

func TestBothSlotsBadKeepTheWeightsAndSayHowToForceThem(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.docker(t, nil, "rm", "-f", r.name+"-blue-web")
	r.docker(t, nil, "kill", r.name+"-green-web")
	got := r.patiently(t, nil, "rollback", "--cold", "true")
	r.ok(t, got, 1, release.Green)
	for _, want := range []string{"the good slot, blue, is not healthy", "no container", "the green slot is not healthy either", "force blue"} {
		if !strings.Contains(got.log, want) {
			t.Errorf("want %q in\n%s", want, got.log)
		}
	}
	if !strings.Contains(got.summary, "touch "+r.dir+"/state/back-blue") {
		t.Errorf("the summary has no command for an emergency:\n%s", got.summary)
	}
	r.state(t, release.Green, "worker", slot.Running)
}

func TestFinalizeStopsTheOldSlotAndTimesTheWayBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const record = `{"id":"acme-shop-7","version":"v3","candidate":"green","good":"blue","shifted":{"weight":100,"at":"2026-01-01T00:00:00Z"}}`
	got := r.patiently(t, nil, "finalize", "--mode", "stop", "--release", record)
	r.ok(t, got, 0, release.Green)
	r.state(t, release.Blue, "web", slot.Exited)
	r.state(t, release.Blue, "worker", slot.Exited)
	if !strings.Contains(got.summary, "tried just now, that took") || got.evidence(t, "D.1.s1") != release.Passed || got.evidence(t, "1.3.s6") != release.NotShown {
		t.Errorf("%s", got.summary)
	}
	got = r.patiently(t, nil, "finalize", "--stage", "check")
	r.ok(t, got, 0, release.Green)
	if !strings.Contains(got.summary, "is stopped by choice") {
		t.Errorf("%s", got.summary)
	}
	r.ok(t, r.patiently(t, nil, "rollback", "--cold", "true"), 0, release.Blue)
	r.state(t, release.Blue, "web", slot.Running)
}

// The lease of a release without Redis is in its database: a shift that was
// overtaken by a rollback has lost it.
func TestARollbackEndsTheLeaseInTheDatabase(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	db, err := postgres.New(migration.Settings{URL: release.Secret(r.dsn)})
	must(t, err)
	lease := db.Lease(r.name)
	token, err := lease.Acquire(t.Context(), traffic.Owner{Release: shop, Process: "attempt 1"})
	must(t, err)
	r.ok(t, r.run(t, map[string]string{"REDIS_URL": ""}, "rollback"), 0, release.Blue)
	if err := lease.Renew(t.Context(), token); err != traffic.ErrLost {
		t.Errorf("renewed: %v", err)
	}
	if err := r.nginx.Set(t.Context(), release.Green, 50, token); err == nil {
		t.Error("the shift that was overtaken could move the traffic")
	}
}

// A run that is cancelled ends its guard, too. That is no rollback that has failed.
func TestAGuardThatIsToldToEndTellsNobody(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := r.until(ctx, t, nil, "rollback", "--when-lease-expires", "--release", `{"id":"acme-shop-7","version":"v3","candidate":"green","good":"blue"}`)
	if !strings.Contains(got.log, "watching the lease") || got.status == 0 || len(r.told) > 0 || strings.Contains(got.summary, "not proven") || strings.Contains(got.summary, "Break glass") {
		t.Errorf("exit status %d, told %q:\n%s\n%s", got.status, r.told, got.log, got.summary)
	}
	r.ok(t, got, got.status, release.Green)
}

// A ledger that cannot be written holds up nothing but the claim.
func TestTheWorkersChangeSidesBeforeTheClaimIsGivenUp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	locked, done := make(chan struct{}), make(chan struct{})
	var held sync.WaitGroup
	held.Go(func() {
		_ = r.nginx.Update(t.Context(), func(*traffic.Page) error { close(locked); <-done; return errors.New("nothing") })
	})
	<-locked
	got := r.back(t, nil, "rollback", "--release", `{"id":"acme-shop-7","version":"v3","candidate":"green","good":"blue"}`)
	r.state(t, release.Green, "worker", slot.Exited)
	close(done)
	held.Wait()
	r.ok(t, got, 0, release.Blue)
	if !strings.Contains(got.log, "the claim on the slot was not given up") {
		t.Errorf("%s", got.log)
	}
}

// Nobody has watched the good slot since the shift was lost, or for longer.
func TestAfterALostShiftADeadGoodSlotGetsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	client, err := redis.Open(release.Secret(r.redis))
	must(t, err)
	defer client.Close()
	_, err = client.Lease(r.name).Acquire(t.Context(), traffic.Owner{Release: shop, Process: "attempt 1, process 7"})
	must(t, err)
	must(t, r.jobs.HSet(t.Context(), "bluegreen:lease:"+r.name, "ends", 1).Err())
	r.docker(t, nil, "rm", "-f", r.name+"-blue-web")
	record := func(more string) string {
		return `{"id":"acme-shop-7","version":"v3","candidate":"green","good":"blue"` + more + `}`
	}
	for name, args := range map[string][]string{
		"the guard":                            {"--when-lease-expires", "--release", record("")},
		"a job whose shift did not say a word": {"--release", record("")},
		"a job behind an earlier attempt's":    {"--release", record(`,"shifted":{"weight":0,"rolledBack":true,"at":"2026-01-01T00:00:00Z"}`)},
		"a job whose shift was refused":        {"--release", record(`,"shifted":{"weight":100,"at":"2026-01-01T00:00:00Z"}`)},
	} {
		got := r.patiently(t, nil, append([]string{"rollback"}, args...)...)
		r.ok(t, got, 1, release.Green)
		if !strings.Contains(got.log, "the good slot, blue, is not healthy") {
			t.Errorf("%s:\n%s", name, got.log)
		}
	}
	back := `,"shifted":{"weight":0,"rolledBack":true,"at":"` + time.Now().UTC().Format(time.RFC3339) + `"}`
	r.ok(t, r.run(t, nil, "rollback", "--release", record(back)), 0, release.Blue) // which has watched it until then
}

// No slot can be forced where the folder that says it is gone: nothing is tried again
// and again, and the hint leads on.
func TestARollbackWithoutItsStateFolderSaysHowToGetOne(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	must(t, os.RemoveAll(filepath.Join(r.dir, "state")))
	for _, args := range [][]string{{"rollback"}, {"rollback", "--force", "blue"}, {"rollback", "--dry-run"}} {
		got := r.run(t, nil, args...)
		if got.status != 3 || !strings.Contains(got.log, "bluegreen nginx install --live blue") || strings.Contains(got.log, "name the slot to go to") {
			t.Errorf("%q: exit status %d:\n%s", args, got.status, got.log)
		}
		if tries := regexp.MustCompile(`[0-9]+ tries`).FindString(got.log); tries != "" && tries != "1 tries" {
			t.Errorf("%q: %s", args, tries)
		}
	}
}
