package settings

import (
	"encoding/json"
	"fmt"
)

// The daily cap of a function app's logs, in gigabytes. Azure takes less, down to
// 0.023, but a busy day would fill that without any fault.
const (
	defaultDailyLogCapGB = 1.0
	minDailyLogCapGB     = 0.1
	maxDailyLogCapGB     = 1000.0
)

// dailyLogCap reads how many gigabytes of logs a function app may write in a
// day.
func (p *parser) dailyLogCap() float64 {
	value, gb := p.text("dailyLogCapGb"), defaultDailyLogCapGB
	if value == "" {
		return gb
	}
	if err := json.Unmarshal([]byte(value), &gb); err != nil || gb < minDailyLogCapGB || gb > maxDailyLogCapGB {
		const key = Namespace + ":dailyLogCapGb"
		p.refuse(key, SetCommand(key, fmt.Sprint(defaultDailyLogCapGB)), "expected a number of gigabytes from %v to %v, got %q", minDailyLogCapGB, maxDailyLogCapGB, value)
		return defaultDailyLogCapGB
	}
	return gb
}
