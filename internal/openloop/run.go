package openloop

import (
	"context"
	"sync"
	"time"
)

// Run puts the load on until its duration is over or ctx ends, which is no
// error, waits for the requests under way, and returns what became of all.
func Run(ctx context.Context, l Load) (Report, error) {
	l, target, err := l.normal()
	if err != nil {
		return Report{}, err
	}
	c := &client{load: l, address: address(target), host: host(l.Header, target)}
	defer c.idle.close()
	samples := make(chan Sample, l.Room)
	go func() {
		defer close(samples)
		schedule(ctx, l, samples, c.send)
	}()
	begin := time.Now()
	report := collect(samples, l.Each)
	report.Took = time.Since(begin)
	return report, nil
}

// schedule starts every request at its time. It never waits for one before all
// have been started.
func schedule(ctx context.Context, l Load, samples chan<- Sample, send func(Request, *Sample)) {
	var underWay sync.WaitGroup
	defer underWay.Wait()
	room := make(chan struct{}, l.Room)
	begin := time.Now()
	for number := 1; ; number++ {
		after := time.Duration(float64(number-1) / l.Rate * float64(time.Second))
		if l.Duration > 0 && after >= l.Duration || !sleep(ctx, time.Until(begin.Add(after))) {
			return
		}
		request := l.Mix[(number-1)%len(l.Mix)]
		sample := Sample{Number: number, Method: request.Method, Path: request.Path, Fresh: request.Fresh, Intended: begin.Add(after)}
		select {
		case room <- struct{}{}:
		default:
			sample.Outcome, sample.Ended = NotSent, time.Now()
			samples <- sample
			continue
		}
		underWay.Go(func() {
			send(request, &sample)
			<-room
			samples <- sample
		})
	}
}

// sleep tells whether to go on. When we are late it only asks.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func collect(samples <-chan Sample, each func(Sample)) (r Report) {
	for sample := range samples {
		r.Samples = append(r.Samples, sample)
		if each != nil {
			each(sample)
		}
	}
	r.sort()
	return r
}
