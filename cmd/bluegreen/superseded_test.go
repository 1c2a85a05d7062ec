package main

import (
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Release 5 was prepared while release 6 was live in blue, and waited. Now release 7
// is live in green, where release 5 was to go.
func TestAReleaseThatWaitedWhileAnotherWentLive(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const waited = `{"id":"acme-shop-5","version":"v1","commit":"0123456789abcdef0123456789abcdef01234567","candidate":"green","good":"blue","after":"acme-shop-6",` +
		`"images":{"web":"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}}`
	before, err := r.nginx.Read(t.Context())
	must(t, err)
	refused := r.run(t, nil, "migrate", "--release", waited)
	r.ok(t, refused, 1, release.Green)
	for _, want := range []string{"release acme-shop-5 is superseded: release acme-shop-7 has 100%25 of the traffic", "run the workflow again"} {
		if !strings.Contains(refused.log, want) {
			t.Errorf("want %q in\n%s", want, refused.log)
		}
	}
	record := waited + " " + refused.outputs["release"]
	got := r.run(t, nil, "rollback", "--release", record, "--reason", "migrate failure")
	r.ok(t, got, 0, release.Green)
	if !strings.Contains(got.summary, "was superseded by release acme-shop-7, which was left alone") || got.outputs["moved"] != "false" {
		t.Errorf("moved %q:\n%s", got.outputs["moved"], got.summary)
	}
	r.state(t, release.Green, "web", slot.Running)
	r.state(t, release.Green, "worker", slot.Running)
	r.state(t, release.Blue, "web", slot.Running)
	after, err := r.nginx.Read(t.Context())
	must(t, err)
	if after.Revision != before.Revision || len(after.Claims) != len(before.Claims) || after.Good == nil || after.Good.Slot != release.Blue {
		t.Errorf("the ledger was %+v, and is %+v", before, after)
	}

	// What is live may be an application that was there before the first release.
	adopted := waited + ` {"superseded":"none"}`
	r.says(t, r.run(t, nil, "rollback", "--release", adopted, "--reason", "migrate failure"), 0, "was superseded by what no release has brought there, which was left alone")
	r.says(t, r.run(t, nil, "record", "--release", adopted, "--evidence", "[]"), 0, "superseded by what no release has brought there, which went on in its place")
	told := r.run(t, nil, "record", "--release", record, "--evidence", "[]")
	if told.outputs["status"] != "REJECTED" || !strings.Contains(told.summary, "superseded by release acme-shop-7") {
		t.Errorf("status %s:\n%s", told.outputs["status"], told.summary)
	}
}

// Release 7 is held with half of the traffic in green, where release 5 was to go.
func TestAReleaseThatComesWhileAnotherIsOnItsWay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const waited = `{"id":"acme-shop-5","version":"v1","commit":"0123456789abcdef0123456789abcdef01234567","candidate":"green","good":"blue","after":"acme-shop-6",` +
		`"images":{"web":"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}}`
	must(t, r.nginx.Update(t.Context(), func(p *traffic.Page) error {
		p.Shift = &traffic.Note{Release: shop, Candidate: release.Green, Started: time.Now(), Held: 50}
		return nil
	}))
	must(t, r.nginx.Set(t.Context(), release.Green, 50, 2))
	r.write(t, r.configuration+"images: {web: {repository: registry.example.com/acme/web}}\n")
	for _, args := range [][]string{{"migrate"}, {"migrate", "--take-over"}, {"deploy-green"}} {
		got := r.run(t, nil, append(args, "--release", waited)...)
		r.says(t, got, 1, "release acme-shop-7 is on its way in the green slot, and has 50%25 of the traffic")
		if strings.Contains(got.log, "take-over") || strings.Contains(got.outputs["release"], "superseded") {
			t.Errorf("%v: %s\n%s", args, got.outputs["release"], got.log)
		}
	}
}
