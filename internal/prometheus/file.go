package prometheus

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
)

// Target is an address with metrics, and the labels that its series get.
type Target struct {
	Job    string
	URL    string // such as http://127.0.0.1:18081/metrics
	Labels map[string]string
}

// static is static_configs of Prometheus' configuration.
type static struct {
	Targets []string          `yaml:"targets"`
	Labels  map[string]string `yaml:"labels"`
}

// scrapeJob is scrape_configs of Prometheus' configuration. Source: its documentation.
type scrapeJob struct {
	Name     string   `yaml:"job_name"`
	Interval string   `yaml:"scrape_interval"`
	Path     string   `yaml:"metrics_path"`
	Scheme   string   `yaml:"scheme"`
	Static   []static `yaml:"static_configs"`
}

// ScrapeFile is a configuration, or a file of scrape_config_files, that has scrape_configs
// alone. Targets of one job follow each other,
// and have one scheme and one path.
func ScrapeFile(targets []Target, interval time.Duration) ([]byte, error) {
	var jobs []*scrapeJob
	for _, t := range targets {
		u, err := url.Parse(t.URL)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("address %q: want one such as http://127.0.0.1:18081", t.URL)
		}
		if len(jobs) == 0 || jobs[len(jobs)-1].Name != t.Job {
			jobs = append(jobs, &scrapeJob{Name: t.Job, Interval: length(interval), Path: u.Path, Scheme: u.Scheme})
		}
		job := jobs[len(jobs)-1]
		job.Static = append(job.Static, static{[]string{u.Host}, t.Labels})
	}
	return written(map[string]any{"scrape_configs": jobs})
}

// rule is an alert rule. Source: Prometheus' documentation of recording and alerting
// rules.
type rule struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

// RuleFile is a file for rule_files. Each rule names its items in the annotation
// evidence, by which a release finds it.
func RuleFile(group string, alerts []gate.Alert) ([]byte, error) {
	rules := make([]rule, len(alerts))
	for i, a := range alerts {
		rules[i] = rule{a.Name, a.Expr, length(a.For), map[string]string{"severity": a.Severity}, map[string]string{"evidence": strings.Join(a.Evidence, ", "), "action": a.Action}}
	}
	return written(map[string]any{"groups": []map[string]any{{"name": group, "rules": rules}}})
}

// length is a duration as Prometheus writes it, which knows no fractions.
func length(d time.Duration) string {
	switch {
	case d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d%time.Second == 0:
		return fmt.Sprintf("%ds", d/time.Second)
	}
	return fmt.Sprintf("%dms", d.Milliseconds())
}

func written(file any) ([]byte, error) {
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(file); err != nil {
		return nil, fmt.Errorf("write a file for Prometheus: %w", err)
	}
	return text.Bytes(), encoder.Close()
}
