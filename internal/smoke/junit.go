package smoke

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"time"
)

// suite is a test suite as JUnit writes it, and as most viewers read it.
type suite struct {
	XMLName  xml.Name `xml:"testsuite"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Skipped  int      `xml:"skipped,attr"`
	Time     string   `xml:"time,attr"`
	Cases    []test   `xml:"testcase"`
}

type test struct {
	Class   string   `xml:"classname,attr"`
	Name    string   `xml:"name,attr"`
	Time    string   `xml:"time,attr"`
	Failure *failure `xml:"failure,omitempty"`
}

type failure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit returns the report as JUnit XML.
func (r Report) JUnit() ([]byte, error) {
	s := suite{Name: "smoke", Tests: len(r.Results), Failures: r.Failed(), Time: seconds(r.Took)}
	for _, one := range r.Results {
		t := test{Class: "smoke." + cmp.Or(one.Check.Service, "other"), Name: one.Check.Name, Time: seconds(one.Latency)}
		if one.Err != nil {
			t.Failure = &failure{Message: one.Err.Error(), Text: one.Check.String()}
		}
		s.Cases = append(s.Cases, t)
	}
	text, err := xml.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode JUnit: %w", err)
	}
	return append([]byte(xml.Header), append(text, '\n')...), nil
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
