package settings

import "time"

// How long an update tries again what only time heals. The engine repeats an
// operation a hundred times at most, which is a little more than the longest.
const (
	defaultPatience = 5 * time.Minute
	minPatience     = time.Second
	maxPatience     = 20 * time.Minute
)

// patience reads how long an update waits for Microsoft Entra ID and Azure.
func (p *parser) patience() time.Duration {
	value := p.text("patience")
	if value == "" {
		return defaultPatience
	}
	patience, err := time.ParseDuration(value)
	if err != nil || patience < minPatience || patience > maxPatience {
		const key = Namespace + ":patience"
		p.refuse(key, SetCommand(key, "5m"), "expected a duration from 1s to 20m, such as 5m, got %q", value)
		return defaultPatience
	}
	return patience
}
