package metrics

import (
	"math"
	"runtime"
	"testing"
	"time"
)

func TestProcessorsOverTheLastMinute(t *testing.T) {
	t.Parallel()
	var p processors
	begin, all := time.Now(), time.Duration(runtime.GOMAXPROCS(0))
	at := func(second int, spent time.Duration) float64 {
		return p.usage(begin.Add(time.Duration(second)*time.Second), all*spent)
	}
	if !math.IsNaN(at(0, 0)) {
		t.Error("the first reading should know nothing")
	}
	if got := at(10, 5*time.Second); got != 0.5 {
		t.Errorf("5 s of 10: %v", got)
	}
	if got := at(70, 5*time.Second); got != 0 {
		t.Errorf("nothing for a minute: %v", got)
	}
	if got := at(100, 35*time.Second); math.Abs(got-30.0/90) > 1e-9 {
		t.Errorf("30 s since the reading before the last minute: %v", got)
	}
}

func TestMemoryIsAShare(t *testing.T) {
	t.Parallel()
	if got := resident(); !(got > 0 && got < 1.1) {
		t.Errorf("%v of the memory", got)
	}
}
