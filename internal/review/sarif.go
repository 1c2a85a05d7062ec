package review

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
)

// The parts of SARIF 2.1.0 that code scanning reads. Source:
// docs.oasis-open.org/sarif/sarif/v2.1.0, and GitHub's list of supported properties.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name  string      `json:"name"`
		URI   string      `json:"informationUri"`
		Rules []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID       string      `json:"id"`
		Short    sarifText   `json:"shortDescription"`
		Full     sarifText   `json:"fullDescription"`
		Help     sarifText   `json:"help"`
		Defaults sarifConfig `json:"defaultConfiguration"`
	}
	sarifConfig struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Prints       map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Justification string `json:"justification"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
)

// home is where the rules are explained.
const home = "https://github.com/bluegreen-actions/bluegreen"

// SARIF is the review as a file for code scanning. A finding that its file
// acknowledges is suppressed there, with the reason, unless the policy leaves it open.
func (r Review) SARIF(policy []string) ([]byte, error) {
	run := sarifRun{Tool: sarifTool{sarifDriver{"bluegreen", home, nil}}, Results: []sarifResult{}}
	index := map[string]int{}
	for i, rule := range rules {
		index[rule.ID] = i
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{
			rule.ID, sarifText{rule.Title}, sarifText{rule.Breaks}, sarifText{rule.Instead}, sarifConfig{rule.Level.sarif()},
		})
	}
	seen := map[string]int{}
	for _, p := range r.Findings() {
		run.Results = append(run.Results, p.sarif(index[p.Rule.ID], seen, policy))
	}
	text, err := json.MarshalIndent(sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}}, "", "  ")
	return append(text, '\n'), err
}

func (l Level) sarif() string { return [...]string{"none", "note", "warning", "error"}[l] }

// sarif is one result. Its fingerprint leaves the line out, so that a finding stays
// the same one when lines are added above it.
func (p Placed) sarif(index int, seen map[string]int, policy []string) sarifResult {
	sum := sha256.Sum256([]byte(p.Path + "\n" + p.Rule.ID + "\n" + p.Detail))
	print := hex.EncodeToString(sum[:8])
	seen[print]++
	result := sarifResult{
		RuleID: p.Rule.ID, RuleIndex: index, Level: p.Rule.Level.sarif(),
		Message:   sarifText{fmt.Sprintf("%s: %s. Instead: %s.", p.Text(), p.Rule.Breaks, p.Rule.Instead)},
		Locations: []sarifLocation{{sarifPhysical{sarifArtifact{filepath.ToSlash(p.Path)}, sarifRegion{max(1, p.Line)}}}},
		Prints:    map[string]string{"finding/v1": fmt.Sprintf("%s:%d", print, seen[print])},
	}
	switch {
	case p.Open(policy):
	case p.Waited != "":
		result.Suppressions = []sarifSuppression{{"external", p.Waited}}
	case p.Settled:
		result.Suppressions = []sarifSuppression{{"external", p.Reason}}
	case p.Reason != "":
		result.Suppressions = []sarifSuppression{{"inSource", p.Reason}}
	}
	return result
}
