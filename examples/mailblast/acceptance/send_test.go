package acceptance_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/emersion/go-smtp"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/lab"
)

func TestACampaignIsSentAndCounted(t *testing.T) {
	t.Parallel()
	s := newSystem(t, &lab.Mailbox{Refuse: func(to string) error {
		if strings.HasPrefix(to, "bounce@") {
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
		}
		return nil
	}})
	b := s.backend("green", "VERSION=v2.0.0")
	s.worker("green", "w1", "VERSION=v2.0.0", "PUBLIC_URL=http://mail.test")
	id := b.campaign()
	if got := b.report(id).Status; got != "draft" {
		t.Errorf("status before send: %s", got)
	}
	list := append(recipients(3), "bounce@example.org")
	b.send(id, "", list)
	b.send(id, "", list) // a caller that repeats itself
	lab.Eventually(t, "the campaign is sent", func() bool { return b.sent(id) })

	got := b.report(id).Counts
	if got.Delivered != 3 || got.Bounced != 1 || got.Pending != 0 || got.Failed != 0 {
		t.Errorf("counts: %+v", got)
	}
	mails := s.mailbox.Mails()
	if len(mails) != 3 {
		t.Fatalf("got %d mails, want 3", len(mails))
	}
	m := mails[0]
	message := m.Header.Get("X-MailBlast-Message")
	for name, want := range map[string]string{
		"Message-ID": "<" + message + "@mailblast.test>", "X-MailBlast-Slot": "green",
		"X-MailBlast-Version": "v2.0.0", "X-MailBlast-Worker": "w1", "Subject": "=?utf-8?q?Gr=C3=BC=C3=9Fe?=",
	} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if n := s.rows(`SELECT count(*) FROM messages WHERE id = $1 AND response LIKE '250 %' AND settled_by = 'green/w1'`, message); n != 1 {
		t.Error("the mail server's response is not with the message")
	}
	want := map[string]float64{"emails_sent": 4, "emails_delivered": 3, "emails_bounced": 1, "emails_failed": 0, "workers_running": 1}
	lab.Eventually(t, "the metrics count the mails", func() bool {
		m := b.metrics()
		for name, v := range want {
			if m[name] != v {
				return false
			}
		}
		return m[`worker_processed_total{worker="w1"}`] == 4 && m["worker_throughput"] == 4
	})
}

func TestASendMayBeRepeatedWhileItIsCarriedOut(t *testing.T) {
	t.Parallel()
	s := newSystem(t, &lab.Mailbox{})
	blue, green := s.backend("blue"), s.backend("green")
	id := blue.campaign()
	for _, w := range []string{"w1", "w2", "w3"} {
		s.worker("blue", w)
	}
	list := recipients(200)
	for range 20 { // each must be answered with 202, in whatever order rows are locked
		blue.send(id, "", list)
		green.send(id, "", list)
	}
	lab.Eventually(t, "the campaign is sent", func() bool { return blue.sent(id) })
	if lost, repeated := s.outcome(list); lost != 0 || repeated != 0 {
		t.Errorf("%d lost, %d repeated", lost, repeated)
	}
}

func TestATroubledMailServerIsTriedAgain(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	s := newSystem(t, &lab.Mailbox{Refuse: func(to string) error {
		if strings.HasPrefix(to, "never@") || calls.Add(1) <= 2 {
			return &smtp.SMTPError{Code: 451, Message: "later"}
		}
		return nil
	}})
	b := s.backend("blue")
	s.worker("blue", "w1", "MAX_ATTEMPTS=4")
	patient, hopeless := b.campaign(), b.campaign()
	b.send(patient, "", []string{"later@example.org"})
	lab.Eventually(t, "the third attempt succeeds", func() bool { return b.report(patient).Counts.Delivered == 1 })

	b.send(hopeless, "", []string{"never@example.org"})
	lab.Eventually(t, "the message is given up", func() bool { return b.report(hopeless).Counts.Failed == 1 })
	lab.Eventually(t, "the job is kept for people", func() bool { return s.length(":failed") == 1 })
	if got := b.report(hopeless).Status; got != "sent" {
		t.Errorf("a campaign without pending messages is %s", got)
	}
	lab.Eventually(t, "failed attempts are counted", func() bool {
		return b.metrics()[`worker_failed_total{worker="w1"}`] == 6 && b.metrics()["emails_failed"] == 1
	})
}

func TestAJobThatIsNotKnownIsParked(t *testing.T) {
	t.Parallel()
	s := newSystem(t, &lab.Mailbox{})
	jobs := []string{
		`{"version":999,"type":"email","message_id":"m1","priority":"high"}`,
		`{"version":1,"type":"sms","message_id":"m2"}`,
		`not even JSON`,
	}
	for _, job := range jobs {
		if err := s.keys.LPush(t.Context(), s.queue, job).Err(); err != nil {
			t.Fatal(err)
		}
	}
	w := s.worker("green", "w1")
	lab.Eventually(t, "all are parked", func() bool { return s.length(":parked") == 3 })
	parked, err := s.keys.LRange(t.Context(), s.queue+":parked", 0, -1).Result()
	if err != nil {
		t.Fatal(err)
	}
	for i, job := range jobs {
		if parked[len(parked)-1-i] != job {
			t.Errorf("parked %q, want %q as it was", parked[len(parked)-1-i], job)
		}
	}
	lab.Eventually(t, "their names are logged", func() bool {
		return strings.Contains(w.Log(), `"job":"email/v999"`) && strings.Contains(w.Log(), `"job":"sms/v1"`)
	})
	if n := s.inHand(); n != 0 {
		t.Errorf("%d jobs still in hand", n)
	}
}

func TestTheJobOfThePlanIsUnderstood(t *testing.T) {
	t.Parallel()
	s := newSystem(t, &lab.Mailbox{})
	b := s.backend("blue")
	id := b.campaign()
	b.send(id, "elsewhere", []string{"ada@example.org"}) // nobody takes from this lane
	lab.Eventually(t, "it is queued in its lane", func() bool { return s.length(":lane:elsewhere") == 1 })
	var message string
	if err := s.sql.QueryRow(t.Context(), `SELECT id FROM messages WHERE campaign_id = $1`, id).Scan(&message); err != nil {
		t.Fatal(err)
	}
	if err := s.keys.LPush(t.Context(), s.queue, `{"version": 1, "message_id": "`+message+`"}`).Err(); err != nil {
		t.Fatal(err)
	}
	s.worker("blue", "w1")
	lab.Eventually(t, "it is sent", func() bool { return len(s.mailbox.Mails()) == 1 })
}

func TestALaneIsSeenByItsOwnWorkersOnly(t *testing.T) {
	t.Parallel()
	s := newSystem(t, &lab.Mailbox{})
	b := s.backend("green")
	s.worker("blue", "customers")
	s.worker("green", "tester", "LANE=smoke-7")
	test, real := b.campaign(), b.campaign()
	b.send(test, "smoke-7", recipients(5))
	b.send(real, "", recipients(5))
	lab.Eventually(t, "both are sent", func() bool { return b.sent(test) && b.sent(real) })
	for _, m := range s.mailbox.Mails() {
		want := "customers"
		if s.rows(`SELECT count(*) FROM messages WHERE id = $1 AND campaign_id = $2`, m.Header.Get("X-MailBlast-Message"), test) == 1 {
			want = "tester"
		}
		if got := m.Header.Get("X-MailBlast-Worker"); got != want {
			t.Errorf("%s was sent by %s, want %s", m.To, got, want)
		}
	}
}

func TestAnAcceptedSendReachesTheQueueAfterACrash(t *testing.T) {
	t.Parallel()
	s := newSystem(t, &lab.Mailbox{})
	b := s.backend("blue")
	id := b.campaign()
	s.redis.Cut()
	b.send(id, "", recipients(20))
	b.Signal(9)
	b.Wait(t)
	if n := s.rows(`SELECT count(*) FROM messages WHERE status = 'pending'`); n != 20 {
		t.Fatalf("%d messages pending, want 20", n)
	}
	s.redis.Mend()
	other := s.backend("green") // takes over what blue left behind for ten seconds
	s.worker("green", "w1")
	lab.Eventually(t, "all are sent", func() bool { return other.report(id).Counts.Delivered == 20 })
	for to, n := range s.mailbox.Counts() {
		if n != 1 {
			t.Errorf("%s got %d mails", to, n)
		}
	}
}
