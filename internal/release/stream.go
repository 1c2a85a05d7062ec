package release

import (
	"bytes"
	"encoding/json"
)

// absent is what a job puts out in the place of a value that it could not put
// out. The jobs after it, the way back among them, do without.
const absent = "none"

// values calls decode for every JSON value of a stream, until none is left. The
// word for a value that is absent is passed over; unknown fields are refused.
func values(text []byte, decode func(*json.Decoder) error) error {
	for {
		text = bytes.TrimLeft(text, " \t\r\n")
		if len(text) == 0 {
			return nil
		}
		if word, rest := cutWord(text); string(word) == absent {
			text = rest
			continue
		}
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.DisallowUnknownFields()
		if err := decode(dec); err != nil {
			return err
		}
		text = text[dec.InputOffset():]
	}
}

func cutWord(text []byte) (word, rest []byte) {
	if end := bytes.IndexAny(text, " \t\r\n"); end >= 0 {
		return text[:end], text[end:]
	}
	return text, nil
}
