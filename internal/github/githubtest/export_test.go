package githubtest

// Operations is how many operations the server has.
func Operations() int { return len(routes) }

// Unpack reads GitHub's description.
var Unpack = unpack
