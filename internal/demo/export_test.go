package demo

// Told are the lines about the database of a release, and whether it went as planned.
func Told(artifacts string, back bool, fills, holds, contracts int) ([]string, error) {
	c, err := readChange(artifacts, back)
	if err != nil {
		return nil, err
	}
	return c.lines(), c.judge(release{version: "v2.0.0", fills: fills, holds: holds, contracts: contracts})
}
