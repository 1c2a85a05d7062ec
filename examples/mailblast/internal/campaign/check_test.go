package campaign_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/campaign"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	good := campaign.New{Name: "n", Subject: "s", Body: "b"}
	for why, c := range map[string]struct {
		change func(*campaign.New)
		want   string
	}{
		"a good one":            {func(*campaign.New) {}, ""},
		"a body of many lines":  {func(n *campaign.New) { n.Body = "a\r\nb" }, ""},
		"metadata":              {func(n *campaign.New) { n.Metadata = json.RawMessage(`{"a":1}`) }, ""},
		"no name":               {func(n *campaign.New) { n.Name = "" }, "name is empty"},
		"a blank body":          {func(n *campaign.New) { n.Body = " \n" }, "body is empty"},
		"two lines of subject":  {func(n *campaign.New) { n.Subject = "a\nb" }, "subject has more than one line"},
		"a long subject":        {func(n *campaign.New) { n.Subject = strings.Repeat("s", 201) }, "subject has 201 bytes"},
		"a NUL":                 {func(n *campaign.New) { n.Name = "a\x00" }, "name is not text"},
		"bytes that are not it": {func(n *campaign.New) { n.Body = "\xff" }, "body is not text"},
		"metadata that is none": {func(n *campaign.New) { n.Metadata = json.RawMessage(`[1]`) }, "metadata is not an object"},
	} {
		n := good
		c.change(&n)
		err := n.Check()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", why, err)
		}
	}
	if err := (campaign.New{}).Check(); strings.Count(err.Error(), "is empty") != 3 {
		t.Errorf("not everything at once: %v", err)
	}
}

func TestCheckRecipients(t *testing.T) {
	t.Parallel()
	for why, c := range map[string]struct {
		list []string
		good bool
	}{
		"one":           {[]string{"ada@example.org"}, true},
		"two":           {[]string{"ada@example.org", "bob+x@example.org"}, true},
		"none":          {nil, false},
		"a name":        {[]string{"Ada <ada@example.org>"}, false},
		"no domain":     {[]string{"ada"}, false},
		"a line break":  {[]string{"ada@example.org\r\nRCPT TO:<x@y>"}, false},
		"a second bad":  {[]string{"ada@example.org", ""}, false},
		"far too many":  {make([]string, campaign.MaxRecipients+1), false},
		"angle bracket": {[]string{"<ada@example.org>"}, false},
	} {
		if err := campaign.CheckRecipients(c.list); (err == nil) != c.good {
			t.Errorf("%s: %v", why, err)
		}
	}
}
