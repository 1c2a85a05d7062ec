package smoke

import (
	"encoding/xml"
	"fmt"
)

type suite struct {
	XMLName  xml.Name `xml:"testsuite"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
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

// JUnit returns the report as JUnit XML, as most viewers of test results read it.
func (r Report) JUnit() ([]byte, error) {
	s := suite{Name: "smoke", Tests: len(r.Results), Failures: r.Failed(), Time: seconds(r.Took.Seconds())}
	for _, one := range r.Results {
		t := test{Class: "smoke." + one.Check.Service, Name: one.Check.Name, Time: seconds(one.Latency.Seconds())}
		if one.Err != nil {
			t.Failure = &failure{Message: one.Err.Error(), Text: one.Check.Method + " " + one.Check.Path}
		}
		s.Cases = append(s.Cases, t)
	}
	text, err := xml.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode JUnit: %w", err)
	}
	return append([]byte(xml.Header), append(text, '\n')...), nil
}

func seconds(s float64) string { return fmt.Sprintf("%.3f", s) }
