package statefolder

// What reads text from outside.
var (
	ParseLease = func(text string) error { _, err := parseHolding([]byte(text)); return err }
	ParseToken = func(text string) (string, error) {
		token, err := parseToken([]byte(text))
		return string(formatToken(token)), err
	}
)
