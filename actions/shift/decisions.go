package shift

import (
	"fmt"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// signs gives each verdict its square in a strip.
var signs = map[gate.Verdict]string{gate.Pass: "🟩", gate.Warn: "🟨", gate.Inconclusive: "⬜", gate.Pause: "🟧", gate.Rollback: "🟥"}

// cells is how many squares a strip has.
const cells = 20

// reportGates shows what each gate decided, and when.
func reportGates(page *summary.Page, log *traffic.Log, limits map[string]string) {
	var rows [][]string
	for _, a := range log.Gates {
		rows = append(rows, []string{a.Rule, threshold(a.Rule, limits), a.Worst.Verdict.String(), seen(a), samples(a.Last), looks(a), strip(a, log)})
	}
	if len(rows) == 0 {
		return
	}
	page.Section("Decisions of the gates")
	page.Table([]string{"gate", "thresholds", "worst", "seen", "samples", "looks", "over time"}, rows)
	page.Say("Each square is the worst verdict of a twentieth of the shift: 🟩 pass, 🟨 warn, ⬜ could not tell, 🟧 pause, 🟥 roll back.")
}

// threshold is what a gate is held to, in words.
func threshold(rule string, limits map[string]string) string {
	if strings.HasPrefix(rule, traffic.Question) {
		return "pause at 1 failure, rollback at 2 in a row"
	}
	return limits[rule]
}

// seen is the last reading, and the worst where that was another.
func seen(a traffic.Account) string {
	text := a.Last.Reason
	if a.Worst.Verdict > gate.Warn && a.Worst.Reason != a.Last.Reason {
		text = fmt.Sprintf("%s; at worst %s", text, a.Worst.Reason)
	}
	return text
}

func samples(r gate.Reading) string {
	if r.Samples == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f", r.Samples)
}

func looks(a traffic.Account) string {
	var parts []string
	for v := gate.Pass; v <= gate.Rollback; v++ {
		if n := a.Looks[v]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %v", n, v))
		}
	}
	return strings.Join(parts, ", ")
}

// strip is the verdicts of a gate from the first look to the end of the shift.
func strip(a traffic.Account, log *traffic.Log) string {
	if len(a.Turns) == 0 {
		return ""
	}
	begin := a.Turns[0].At
	whole := log.Ended.Sub(begin)
	cell := func(at time.Time) int {
		if whole <= 0 {
			return 0
		}
		return min(max(int(cells*at.Sub(begin)/whole), 0), cells-1)
	}
	var worst [cells]gate.Verdict
	for i, turn := range a.Turns {
		until := cells - 1
		if i+1 < len(a.Turns) {
			until = cell(a.Turns[i+1].At)
		}
		for at := cell(turn.At); at <= until; at++ {
			worst[at] = max(worst[at], turn.Verdict)
		}
	}
	var b strings.Builder
	for _, v := range worst {
		b.WriteString(signs[v])
	}
	return b.String()
}
