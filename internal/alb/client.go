package alb

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/bluegreen-actions/bluegreen/internal/amazon"
)

// The budget of one call to AWS. The SDK's own, three attempts that may be 20 s
// apart, is not one for a rollback.
const (
	attemptTime = 2 * time.Second
	callTime    = 8 * time.Second
	maxBackoff  = 500 * time.Millisecond
	maxAttempts = 40 // callTime ends before
)

// newClient talks to AWS with the credentials that it is given.
func newClient(s Settings, credentials aws.CredentialsProvider) *elb.Client {
	return elb.New(elb.Options{
		Region:      s.Region,
		Credentials: credentials,
		HTTPClient:  &http.Client{Timeout: attemptTime, Transport: http.DefaultTransport.(*http.Transport).Clone()},
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff = maxAttempts, maxBackoff
			o.RateLimiter = ratelimit.None
		}),
	}, func(o *elb.Options) {
		if s.Endpoint != "" {
			o.BaseEndpoint = aws.String(s.Endpoint)
		}
	})
}

// within gives a call its budget.
func within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, callTime, fmt.Errorf("AWS did not answer within %v", callTime))
}

// explain says what an error of AWS means, and what to do.
func explain(ctx context.Context, what string, err error) error {
	return Settings{}.access().Explain(ctx, what, err)
}

func (s Settings) access() amazon.Access {
	return amazon.Access{Name: "alb", Section: "router.alb", Page: "docs/alb.md",
		Region: s.Region, Role: s.Role, AccessKey: s.AccessKey, SecretKey: s.SecretKey, Session: s.Session}
}
