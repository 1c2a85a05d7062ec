package gate

import (
	"errors"
	"fmt"
)

// doubt is why a number could not be had although the source answered. It is
// never a pass.
type doubt struct {
	code   Code
	reason string
}

func (d *doubt) Error() string { return d.reason }

func doubtf(code Code, format string, args ...any) error {
	return &doubt{code, fmt.Sprintf(format, args...)}
}

// isDoubt says whether err is a doubt of this kind.
func isDoubt(err error, code Code) bool {
	d, ok := errors.AsType[*doubt](err)
	return ok && d.code == code
}

// lost is how many looks in a row may miss the source before the metrics count
// as lost.
const lost = 2

// codeOf says what err means when the source has been missed this many times in
// a row, this one included.
func codeOf(err error, missed int) Code {
	switch d, ok := errors.AsType[*doubt](err); {
	case ok:
		return d.code
	case errors.Is(err, ErrQuery):
		return BadQuery
	case missed > lost:
		return MetricsLost
	}
	return Failing
}

// answered says whether the source answered at all.
func answered(err error) bool {
	_, ok := errors.AsType[*doubt](err)
	return err == nil || ok || errors.Is(err, ErrQuery)
}
