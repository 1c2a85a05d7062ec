package s3

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Hasten lets a vault try again at once.
func (v *Vault) Hasten() {
	v.options.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff, o.RateLimiter = 3, time.Millisecond, ratelimit.None
	})
	v.api = s3.New(v.options)
}

// Composite is the checksum of an object of these bytes.
func Composite(parts ...[]byte) string {
	var all []part
	for _, p := range parts {
		all = append(all, part{sum: p})
	}
	return composite(all)
}
