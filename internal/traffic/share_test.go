package traffic_test

import (
	"fmt"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// The expected bounds are those of R's binom.wilson.
func TestAShareIsShownWithItsConfidence(t *testing.T) {
	for _, c := range []struct {
		share     traffic.Share
		low, high string
	}{
		{traffic.Share{Blue: 900, Green: 100}, "8.29", "12.02"},
		{traffic.Share{Blue: 990, Green: 10}, "0.54", "1.83"},
		{traffic.Share{Blue: 500, Green: 500}, "46.91", "53.09"},
		{traffic.Share{Blue: 10}, "0.00", "27.75"},
		{traffic.Share{Green: 10}, "72.25", "100.00"},
		{traffic.Share{}, "0.00", "100.00"},
	} {
		low, high := c.share.Interval(release.Green, traffic.Confident)
		if got, want := fmt.Sprintf("%.2f %.2f", low, high), c.low+" "+c.high; got != want {
			t.Errorf("%v: got %s, want %s", c.share, got, want)
		}
	}
	got := traffic.Share{Blue: 897, Green: 103}.Shown(release.Green)
	if want := "10.3 % (8.6 to 12.3 with 95 % confidence, of 1000 requests)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := (traffic.Share{}).Shown(release.Blue); got != "not counted" {
		t.Errorf("no requests: got %q", got)
	}
}
