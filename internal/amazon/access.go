package amazon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// tokenTime bounds a question to GitHub.
const tokenTime = 2 * time.Second

// Access is with what a section of the configuration asks AWS.
type Access struct {
	Name      string // how errors begin, such as alb
	Section   string // such as router.alb
	Page      string // of the documentation, which lists what the IAM policy has to allow
	Region    string
	Role      string // to take with GitHub's OIDC token
	AccessKey string
	SecretKey release.Secret
	Session   release.Secret
}

// Credentials finds them: the key or the role of the section, the latter with
// GitHub's OIDC token, else what the AWS SDK finds by itself.
func (a Access) Credentials(ctx context.Context) (aws.CredentialsProvider, error) {
	if a.AccessKey != "" {
		return credentials.NewStaticCredentialsProvider(a.AccessKey, a.SecretKey.Reveal(), a.Session.Reveal()), nil
	}
	found, err := config.LoadDefaultConfig(ctx, config.WithRegion(a.Region))
	if err != nil {
		return nil, release.Reject("correct the AWS configuration of this machine", "%s: %w", a.Name, err)
	}
	if a.Role == "" {
		return found.Credentials, nil
	}
	token := githubToken{os.Getenv("ACTIONS_ID_TOKEN_REQUEST_URL"), release.Secret(os.Getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN"))}
	if token.url == "" || token.bearer == "" {
		return nil, release.Reject("give the job `permissions: id-token: write`, or leave "+a.Section+".role out",
			"%s: there is no OIDC token to take the role %s with", a.Name, a.Role)
	}
	return stscreds.NewWebIdentityRoleProvider(sts.NewFromConfig(found), a.Role, token, func(o *stscreds.WebIdentityRoleOptions) {
		o.RoleSessionName = "bluegreen"
	}), nil
}

// githubToken asks GitHub for a fresh OIDC token, which lives for minutes only.
type githubToken struct {
	url    string
	bearer release.Secret
}

// GetIdentityToken implements stscreds.IdentityTokenRetriever.
func (g githubToken) GetIdentityToken() ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), tokenTime)
	defer cancel()
	at, err := url.Parse(g.url)
	if err != nil {
		return nil, errors.New("the address of GitHub's OIDC tokens is no URL")
	}
	query := at.Query()
	query.Set("audience", "sts.amazonaws.com")
	at.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+g.bearer.Reveal())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask GitHub for an OIDC token: %w", err)
	}
	defer res.Body.Close()
	token := identity(res.Body)
	if res.StatusCode != http.StatusOK || token == "" {
		return nil, fmt.Errorf("ask GitHub for an OIDC token: %s", res.Status)
	}
	return []byte(token), nil
}

// identity is the token in an answer, or "".
func identity(answer io.Reader) string {
	var read struct{ Value string }
	if json.NewDecoder(io.LimitReader(answer, 64<<10)).Decode(&read) != nil {
		return ""
	}
	return read.Value
}

// CheckEndpoint keeps signed requests off the open network.
func CheckEndpoint(endpoint string) error {
	if endpoint == "" {
		return nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || (u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname()))) {
		return fmt.Errorf("endpoint %q: want https and a host, or http and a loopback address", endpoint)
	}
	return nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

var roleForm = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$`)

// Check refuses a role and keys that cannot be meant.
func (a Access) Check() error {
	var problems []error
	if a.Role != "" && !roleForm.MatchString(a.Role) {
		problems = append(problems, fmt.Errorf("role %q: want an ARN such as arn:aws:iam::123456789012:role/release", a.Role))
	}
	switch {
	case (a.AccessKey == "") != (a.SecretKey == ""), a.Session != "" && a.SecretKey == "":
		problems = append(problems, errors.New("access-key, secret-key and session-token: want the first two together, and the third with them only"))
	case a.AccessKey != "" && a.Role != "":
		problems = append(problems, errors.New("access-key and role: want one of them"))
	}
	return errors.Join(problems...)
}
