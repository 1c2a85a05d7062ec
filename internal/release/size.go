package release

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// Size is a number of bytes, at least 0.
type Size int64

// The units of a Size, as Docker prints them: powers of 1000.
var units = []struct {
	suffix string
	bytes  float64
}{{"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}}

// UnmarshalText accepts a number with an optional unit, such as "250MB".
func (s *Size) UnmarshalText(text []byte) error {
	number, factor := strings.TrimSpace(string(text)), 1.0
	for _, u := range units {
		if cut, ok := strings.CutSuffix(number, u.suffix); ok {
			number, factor = strings.TrimSpace(cut), u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !(n >= 0) || n*factor > 1<<62 {
		return fmt.Errorf("size %q: want a number of B, kB, MB or GB", text)
	}
	*s = Size(n * factor)
	return nil
}

// UnmarshalJSON accepts the number that a size is encoded as, and its text.
func (s *Size) UnmarshalJSON(text []byte) error { return s.UnmarshalText(bytes.Trim(text, `"`)) }

// String prints the size in the largest unit that keeps a digit before the point,
// with one digit behind it, so that 999.97 kB is 1.0MB.
func (s Size) String() string {
	const rounded = 0.99995
	for _, u := range units {
		if float64(s) >= rounded*u.bytes && u.bytes > 1 {
			return strconv.FormatFloat(float64(s)/u.bytes, 'f', 1, 64) + u.suffix
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}
