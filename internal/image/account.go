package image

import "github.com/bluegreen-actions/bluegreen/internal/release"

// Account is who we are to a registry. The zero value is nobody.
type Account struct {
	Server   string // host and port
	User     string
	Password release.Secret
	Token    release.Secret // an identity token, instead of a password
}

// Anonymous says that there is nothing to log in with.
func (a Account) Anonymous() bool { return a.User == "" && a.Token == "" }
