package prometheus

import "github.com/bluegreen-actions/bluegreen/internal/gate"

// Decode reads the answer to an instant query.
func Decode(body []byte) (gate.Result, error) { return decode(body) }
