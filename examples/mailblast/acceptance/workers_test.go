package acceptance_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/lab"
)

// outcome compares the mailbox with what was asked for.
func (s *system) outcome(want []string) (lost, repeated int) {
	counts := s.mailbox.Counts()
	for _, to := range want {
		switch n := counts[to]; {
		case n == 0:
			lost++
		case n > 1:
			repeated += n - 1
		}
	}
	return lost, repeated
}

func TestWorkersAreReplacedWithoutLossOrRepeat(t *testing.T) {
	t.Parallel()
	const jobs = 500
	var asked atomic.Int64
	replaced := make(chan struct{})
	s := newSystem(t, &lab.Mailbox{Delay: 5 * time.Millisecond, Refuse: func(string) error {
		if asked.Add(1) > jobs/2 { // the rest waits for the new workers
			<-replaced
		}
		return nil
	}})
	b := s.backend("blue")
	id := b.campaign()
	var blue, green []*lab.Process
	for i := range 3 {
		blue = append(blue, s.worker("blue", fmt.Sprint("b", i)))
	}
	b.send(id, "", recipients(jobs))
	lab.Eventually(t, "a quarter is sent", func() bool { return len(s.mailbox.Mails()) > jobs/4 })
	for i := range 3 {
		green = append(green, s.worker("green", fmt.Sprint("g", i), "VERSION=v2.0.0"))
	}
	for _, w := range blue {
		w.Signal(syscall.SIGTERM)
	}
	close(replaced)
	for _, w := range blue {
		if code := w.Wait(t); code != 0 {
			t.Errorf("a drained worker exits with %d", code)
		}
	}
	lab.Eventually(t, "the campaign is sent", func() bool { return b.sent(id) })
	if lost, repeated := s.outcome(recipients(jobs)); lost != 0 || repeated != 0 {
		t.Errorf("%d lost, %d repeated", lost, repeated)
	}
	by := map[string]int{}
	for _, m := range s.mailbox.Mails() {
		by[m.Header.Get("X-MailBlast-Slot")]++
	}
	if by["blue"] == 0 || by["green"] == 0 {
		t.Errorf("both slots should have worked: %v", by)
	}
	for _, w := range green {
		w.Signal(syscall.SIGTERM)
		w.Wait(t)
	}
	if s.inHand() != 0 || s.length("") != 0 {
		t.Errorf("%d jobs in hand, %d waiting", s.inHand(), s.length(""))
	}
	if claims, _ := s.keys.Keys(t.Context(), s.queue+":claim:*").Result(); len(claims) != 0 {
		t.Errorf("%d claims are left", len(claims))
	}
}

func TestAKilledWorkersJobsAreTakenBack(t *testing.T) {
	t.Parallel()
	const jobs = 120
	s := newSystem(t, &lab.Mailbox{Delay: 20 * time.Millisecond})
	b := s.backend("blue")
	id := b.campaign()
	var doomed []*lab.Process
	for i := range 3 {
		doomed = append(doomed, s.worker("blue", fmt.Sprint("b", i), "HEARTBEAT_TTL=10s"))
	}
	b.send(id, "", recipients(jobs))
	lab.Eventually(t, "some are sent", func() bool { return len(s.mailbox.Mails()) > jobs/4 })
	for _, w := range doomed {
		w.Signal(syscall.SIGKILL)
	}
	for _, w := range doomed {
		w.Wait(t)
	}
	if n := s.inHand(); n == 0 {
		t.Log("no job was in hand at the kill")
	}
	s.worker("green", "g0")
	lab.Eventually(t, "the campaign is sent", func() bool { return b.sent(id) })
	lost, repeated := s.outcome(recipients(jobs))
	if lost != 0 || repeated > len(doomed) {
		t.Errorf("%d lost, %d repeated by %d kills", lost, repeated, len(doomed))
	}
	lab.Eventually(t, "nothing is in hand", func() bool { return s.inHand() == 0 })
}

func TestALivingWorkersJobIsNotTaken(t *testing.T) {
	t.Parallel()
	s := newSystem(t, &lab.Mailbox{Delay: 3 * time.Second})
	b := s.backend("blue")
	id := b.campaign()
	b.send(id, "", recipients(1))
	s.worker("blue", "slow")
	lab.Eventually(t, "the job is in hand", func() bool { return s.inHand() == 1 })
	s.worker("green", "greedy", "HEARTBEAT_TTL=1s") // sweeps four times a second
	lab.Eventually(t, "the mail is sent", func() bool { return b.sent(id) })
	if mails := s.mailbox.Mails(); len(mails) != 1 || mails[0].Header.Get("X-MailBlast-Worker") != "slow" {
		t.Errorf("%d mails, the first by %s", len(mails), mails[0].Header.Get("X-MailBlast-Worker"))
	}
}

func TestAWorkerFinishesTheMailInHandWhenStopped(t *testing.T) {
	t.Parallel()
	s := newSystem(t, &lab.Mailbox{Delay: time.Second})
	b := s.backend("blue")
	id := b.campaign()
	w := s.worker("blue", "w1")
	b.send(id, "", recipients(3))
	lab.Eventually(t, "a job is in hand", func() bool { return s.inHand() == 1 })
	w.Signal(syscall.SIGTERM)
	if code := w.Wait(t); code != 0 {
		t.Errorf("exit status %d", code)
	}
	if got := b.report(id).Counts; got.Delivered != len(s.mailbox.Mails()) || got.Delivered == 0 || s.inHand() != 0 {
		t.Errorf("%+v, %d mails, %d in hand", got, len(s.mailbox.Mails()), s.inHand())
	}
	if got := int64(b.report(id).Counts.Pending); got != s.length("") {
		t.Errorf("%d pending, %d waiting", got, s.length(""))
	}
}

func TestAJobThatWasNotBegunIsGivenBackWhenStopped(t *testing.T) {
	t.Parallel()
	s := newSystem(t, &lab.Mailbox{})
	b := s.backend("blue")
	id := b.campaign()
	b.send(id, "", recipients(1))
	lab.Eventually(t, "the job waits", func() bool { return s.length("") == 1 })
	s.database.Cut()
	w := s.worker("blue", "w1")
	lab.Eventually(t, "the worker meets the cut", func() bool { return strings.Contains(w.Log(), "Loading a message did not work") })
	w.Signal(syscall.SIGTERM)
	if code := w.Wait(t); code != 0 || s.length("") != 1 || s.inHand() != 0 {
		t.Errorf("exit status %d, %d waiting, %d in hand", code, s.length(""), s.inHand())
	}
	s.database.Mend()
	s.worker("green", "w2")
	lab.Eventually(t, "it is sent", func() bool { return b.sent(id) })
}

func TestCutsWhileSendingLoseAndRepeatNothing(t *testing.T) {
	t.Parallel()
	const jobs = 60
	s := newSystem(t, &lab.Mailbox{Delay: 10 * time.Millisecond})
	b := s.backend("blue")
	id := b.campaign()
	s.worker("blue", "w1")
	s.worker("green", "w2")
	b.send(id, "", recipients(jobs))
	for _, cable := range []*lab.Cable{s.database, s.redis} {
		before := len(s.mailbox.Mails())
		lab.Eventually(t, "some are sent", func() bool { return len(s.mailbox.Mails()) >= min(before+10, jobs) })
		cable.Cut()
		time.Sleep(300 * time.Millisecond)
		cable.Mend()
	}
	lab.Eventually(t, "the campaign is sent", func() bool { return b.sent(id) })
	if lost, repeated := s.outcome(recipients(jobs)); lost != 0 || repeated != 0 {
		t.Errorf("%d lost, %d repeated", lost, repeated)
	}
}

func TestTheHealthCheckOfAWorkerIsItsHeartbeat(t *testing.T) {
	t.Parallel()
	s := newSystem(t, &lab.Mailbox{})
	env := s.with("SLOT=blue", "WORKER_ID=w1")
	check := func() int { return lab.Start(t, "worker", env, "healthcheck").Wait(t) }
	if code := check(); code != 1 {
		t.Errorf("without a worker: exit status %d", code)
	}
	w := s.worker("blue", "w1")
	if code := check(); code != 0 {
		t.Errorf("with a worker: exit status %d", code)
	}
	w.Signal(syscall.SIGTERM)
	w.Wait(t)
	if code := check(); code != 1 {
		t.Errorf("after the worker: exit status %d", code)
	}
}
