package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/fault"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/mail"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/postgres"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/queue"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/settings"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/worker"
)

// connections of a worker: one job at a time needs one, and a spare.
const connections = 2

// work wires a worker and runs it until ctx ends.
func work(ctx context.Context, s settings.Worker, bad *fault.Fault, log *slog.Logger) error {
	store, err := postgres.Open(s.DatabaseURL, postgres.Options{
		Slot: s.Slot, Program: "worker", Connections: connections})
	if err != nil {
		return err
	}
	defer store.Close()
	client, err := queue.Dial(s.RedisURL)
	if err != nil {
		return err
	}
	defer client.Close()
	go bad.Run(ctx, log)

	w := worker.Worker{
		Name:     s.Slot + "/" + s.ID,
		Hand:     queue.New(client, s.Queue).Hand(s.Slot, s.ID, s.Lane, s.Heartbeat),
		Messages: store,
		Composer: mail.Composer{From: s.From, Public: s.Public,
			Origin: mail.Origin{Slot: s.Slot, Version: s.Version, Worker: s.ID}},
		// Shorter than the heartbeat: a claim outlives the mail it is for.
		Mailer:   mail.Server{Address: s.SMTP, From: s.From, Patience: s.Heartbeat * 2 / 3},
		Fault:    bad,
		Activity: worker.NewActivity(s.Version),
		Log:      log,
		Attempts: s.Attempts, Retry: s.Retry, Heartbeat: s.Heartbeat, Grace: s.Grace,
	}
	return w.Run(ctx)
}

// check looks for the heartbeat of this container's worker.
func check(ctx context.Context, s settings.Worker) int {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	client, err := queue.Dial(s.RedisURL)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	defer client.Close()
	alive, err := queue.New(client, s.Queue).Alive(ctx, s.Slot, s.ID)
	if err != nil || !alive {
		fmt.Fprintln(os.Stderr, "worker", s.ID, "has no heartbeat", err)
		return 1
	}
	return 0
}
