package albtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// key is one that is accepted.
type key struct {
	secret  string
	session string    // its token; empty for a lasting key
	expires time.Time // zero for never
}

// Expire ends all temporary keys, and the first one.
func (s *Server) Expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, k := range s.keys {
		k.expires = time.Now()
		s.keys[id] = k
	}
}

func forbid(code, format string, args ...any) *failure {
	return &failure{http.StatusForbidden, code, fmt.Sprintf(format, args...)}
}

// signed refuses a call that is not signed by a key that is accepted, here and
// now (AWS Signature Version 4).
func (s *Server) signed(r *http.Request, body []byte) *failure {
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	fields := map[string]string{}
	for _, part := range strings.Split(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[name] = value
	}
	scope := strings.Split(fields["Credential"], "/")
	if scheme != "AWS4-HMAC-SHA256" || len(scope) != 5 {
		return forbid("MissingAuthenticationToken", "Missing Authentication Token")
	}
	s.mu.Lock()
	k, ok := s.keys[scope[0]]
	s.mu.Unlock()
	stamp := r.Header.Get("X-Amz-Date")
	at, err := time.Parse("20060102T150405Z", stamp)
	switch {
	case !ok:
		return forbid("InvalidClientTokenId", "The security token included in the request is invalid")
	case k.session != "" && r.Header.Get("X-Amz-Security-Token") != k.session:
		return forbid("InvalidClientTokenId", "The security token included in the request is invalid")
	case !k.expires.IsZero() && !time.Now().Before(k.expires):
		return forbid("ExpiredToken", "The security token included in the request is expired")
	case err != nil || scope[1] != stamp[:8] || scope[2] != s.options.Region || scope[3] != "elasticloadbalancing" || scope[4] != "aws4_request":
		return forbid("SignatureDoesNotMatch", "Credential should be scoped to %s and elasticloadbalancing", s.options.Region)
	case time.Since(at).Abs() > 5*time.Minute:
		return forbid("RequestExpired", "Signature expired: %s is not within 5 minutes", stamp)
	case !hmac.Equal([]byte(signature(r, body, k.secret, scope, fields["SignedHeaders"], stamp)), []byte(fields["Signature"])):
		return forbid("SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided")
	}
	return nil
}

func signature(r *http.Request, body []byte, secret string, scope []string, signed, stamp string) string {
	var canonical strings.Builder
	fmt.Fprintf(&canonical, "%s\n%s\n%s\n", r.Method, r.URL.EscapedPath(), r.URL.Query().Encode())
	for _, name := range strings.Split(signed, ";") {
		fmt.Fprintf(&canonical, "%s:%s\n", name, header(r, name))
	}
	fmt.Fprintf(&canonical, "\n%s\n%x", signed, sha256.Sum256(body))
	text := fmt.Sprintf("AWS4-HMAC-SHA256\n%s\n%s\n%x", stamp, strings.Join(scope[1:], "/"), sha256.Sum256([]byte(canonical.String())))
	sum := []byte("AWS4" + secret)
	for _, part := range scope[1:] {
		sum = mac(sum, part)
	}
	return hex.EncodeToString(mac(sum, text))
}

func header(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length":
		return fmt.Sprint(r.ContentLength)
	}
	return strings.Join(strings.Fields(strings.Join(r.Header.Values(name), ",")), " ")
}

func mac(key []byte, text string) []byte {
	hash := hmac.New(sha256.New, key)
	_, _ = hash.Write([]byte(text)) // never fails
	return hash.Sum(nil)
}

// RoleLasts is how long the keys of a role last.
const RoleLasts = time.Hour

// assume gives keys for a role to who has a web identity, which is not looked
// at any closer than whether it is there and asks for AWS.
func (s *Server) assume(values url.Values) (string, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range []string{"RoleArn", "RoleSessionName", "WebIdentityToken"} {
		if values.Get(name) == "" {
			return "", refuse("ValidationError", "%s is missing", name)
		}
	}
	for name := range values {
		if !slices.Contains([]string{"Action", "Version", "RoleArn", "RoleSessionName", "WebIdentityToken", "DurationSeconds"}, name) {
			return "", refuse("ValidationError", "unknown parameter %s", name)
		}
	}
	n := s.next()
	id, k := fmt.Sprintf("ASIAEXAMPLE%09d", n), key{fmt.Sprintf("secret-%d", n), fmt.Sprintf("session-%d", n), time.Now().Add(RoleLasts)}
	s.keys[id] = k
	return fmt.Sprintf(`<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>`+
		`<Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken><Expiration>%s</Expiration></Credentials>`+
		`</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`, id, k.secret, k.session, k.expires.UTC().Format(time.RFC3339)), nil
}
