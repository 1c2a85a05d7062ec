package redis

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzHolding holds to this: an answer about a lease is one of this program, with a
// state that it knows, or an error; what somebody else wrote under the key is never
// taken for a lease.
func FuzzHolding(f *testing.F) {
	for _, seed := range []string{
		`[1,"7","held","acme-shop-7","attempt 1",59000]`, `[0,"-1","held","","",0]`, `[1,"18446744073709551616","held","a","b",0]`,
		`[1,"7","mine","a","b",0]`, `[1,7,"held","a","b",0]`, `[null,null,null,null,null,null]`, `[]`, `["::error::x"]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var answer []any
		if json.Unmarshal(text, &answer) != nil {
			return
		}
		for i, one := range answer {
			if n, ok := one.(float64); ok {
				answer[i] = int64(n) // as Redis has numbers
			}
		}
		h, got, err := holding("bluegreen:shop:lease", answer)
		if err != nil && (got || h.Token != 0) || err == nil && len(answer) != 6 {
			t.Errorf("%s is %+v, %v, %v", text, h, got, err)
		}
	})
}

// FuzzInfo holds to this: a version is one line.
func FuzzInfo(f *testing.F) {
	for _, seed := range []string{"# Server\r\nredis_version:7.0.15\r\nos:Linux\r\n", "redis_version:", "redis_version:\r::error::x", "x\nredis_version: 7 \n", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, info string) {
		if version, ok := versionIn(info); strings.Contains(version, "\n") || version != "" && !ok {
			t.Errorf("%q has the version %q, %v", info, version, ok)
		}
	})
}
