package alb

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Before makes f be asked before each write to AWS. Where it returns an error
// the process is as good as killed.
func (b *Balancer) Before(f func(op, name string) error) { b.before = f }

// Lookup makes f name the addresses of the load balancer.
func (b *Balancer) Lookup(f func(ctx context.Context, host string) ([]string, error)) {
	b.probe.lookup = f
}

// With makes the credentials come from somewhere else.
func (b *Balancer) With(from aws.CredentialsProvider) {
	b.credentials.find = func(context.Context) (aws.CredentialsProvider, error) { return from, nil }
}

// ReadTags reads all that tags may say.
func ReadTags(all map[string]string) error {
	_, err := tags(all).fence()
	_, _, pageErr := tags(all).unpack()
	tags(all).older(9)
	return errors.Join(err, pageErr)
}

// Hasten lets credentials be renewed again at once.
func (b *Balancer) Hasten() {
	b.credentials.mu.Lock()
	defer b.credentials.mu.Unlock()
	b.credentials.tried = time.Time{}
}
