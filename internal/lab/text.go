package lab

import (
	"crypto/rand"
	"encoding/hex"
	"os"
	"strings"
)

// random returns n random bytes as hexadecimal digits.
func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b)
}

// slug makes of any text at most limit lower-case letters, digits and dashes.
func slug(text string, limit int) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(text))
	return strings.Trim(clean[:min(len(clean), limit)], "-")
}

// lastOf returns the end of a log file, for an error.
func lastOf(path string) string {
	const limit = 2 << 10
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text[max(0, len(text)-limit):]))
}
