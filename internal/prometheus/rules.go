package prometheus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/preflight"
)

// groups is what /api/v1/rules says of rules. Source: the Prometheus HTTP API, stable.
type groups struct {
	Data struct {
		Groups []struct {
			Rules []struct {
				Type        string            `json:"type"`
				Name        string            `json:"name"`
				Query       string            `json:"query"`
				Duration    float64           `json:"duration"` // seconds
				Labels      map[string]string `json:"labels"`
				Annotations map[string]string `json:"annotations"`
				Health      string            `json:"health"` // ok, err, or unknown before the first evaluation
				LastError   string            `json:"lastError"`
			} `json:"rules"`
		} `json:"groups"`
	} `json:"data"`
}

// AlertRules reads the rules that the server has loaded and alerts by.
func (s *Server) AlertRules(ctx context.Context) ([]preflight.AlertRule, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout, errSlow)
	defer cancel()
	all, err := s.rules(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the alert rules of Prometheus at %s: %w", s.name, err)
	}
	return all, nil
}

func (s *Server) rules(ctx context.Context) ([]preflight.AlertRule, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.client.URL("/api/v1/rules", nil).String()+"?type=alert", nil)
	if err != nil {
		return nil, errors.New("the address makes no request")
	}
	response, body, err := s.client.Do(ctx, request)
	if err != nil {
		return nil, cause(ctx, err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, refusal(response.StatusCode, body)
	}
	var loaded groups
	if err := json.Unmarshal(body, &loaded); err != nil {
		return nil, errors.New("the answer is no list of rules")
	}
	var all []preflight.AlertRule
	for _, g := range loaded.Data.Groups {
		for _, r := range g.Rules {
			if r.Type != "alerting" {
				continue
			}
			rule := preflight.AlertRule{
				Name: printable(r.Name), Query: printable(r.Query), For: time.Duration(r.Duration * float64(time.Second)),
				Severity: printable(r.Labels["severity"]), Items: strings.Fields(strings.ReplaceAll(r.Annotations["evidence"], ",", " ")),
			}
			switch r.Health {
			case "ok":
			case "unknown":
				rule.Problem = "has not been evaluated yet"
			default:
				rule.Problem = "cannot be evaluated: " + printable(strings.TrimSpace(r.Health+" "+r.LastError))
			}
			all = append(all, rule)
		}
	}
	return all, nil
}
