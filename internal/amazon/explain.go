package amazon

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/smithy-go"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// ErrExpired is wrapped by errors of credentials that have ended.
var ErrExpired = errors.New("they ended")

// The codes with which AWS refuses credentials.
var (
	expiredCodes = []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
	unknownCodes = []string{"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "AuthFailure", "InvalidAccessKeyId"}
	deniedCodes  = []string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Forbidden"}
)

// Explain says what an error of AWS means, and what to do.
func (a Access) Explain(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	api, ok := errors.AsType[smithy.APIError](err)
	switch {
	case release.HintOf(err) != "": // of the credentials, which know better
		return fmt.Errorf("%s: %w", what, err)
	case errors.Is(err, ErrExpired) || ok && slices.Contains(expiredCodes, api.ErrorCode()):
		return release.CannotTell("sign in to AWS again and re-run; set "+a.Section+".role to have credentials that are renewed", "%s: the AWS credentials have expired: %w", what, short(err))
	case ok && slices.Contains(unknownCodes, api.ErrorCode()):
		return release.CannotTell("correct the AWS credentials", "%s: AWS does not take the credentials: %w", what, short(err))
	case ok && slices.Contains(deniedCodes, api.ErrorCode()):
		return release.CannotTell("add the action to the IAM policy: "+a.Page+" lists all", "%s: the IAM role may not do it: %w", what, short(err))
	case !ok && ctx.Err() != nil && context.Cause(ctx) != nil:
		return release.CannotTell("make the API of AWS reachable from here", "%s: %w: %w", what, context.Cause(ctx), err)
	}
	return release.CannotTell("read what AWS says", "%s: %w", what, short(err))
}

// short leaves out what the SDK says around AWS's own words.
func short(err error) error {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return &said{api, err}
	}
	return err
}

// said is an error in AWS's own words.
type said struct {
	api smithy.APIError
	all error
}

func (s *said) Error() string { return s.api.ErrorCode() + ": " + s.api.ErrorMessage() }
func (s *said) Unwrap() error { return s.all }
