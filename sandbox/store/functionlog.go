package store

import (
	"fmt"
	"math"
	"time"
)

// A FunctionLog is a line that a function app printed, as its workspace has it.
type FunctionLog struct {
	SiteID  string
	At      time.Time
	Level   string // Information, Warning or Error
	Message string
	Number  int64 // orders lines of the same moment
}

// FunctionLogs have the newest first: their keys are SITE-ID/TIME/NUMBER, with a time
// that counts down.
var FunctionLogs = collection[FunctionLog]("functionLogs")

// KeepFunctionLogs adds lines of one site, and removes those that are older than
// retention.
func KeepFunctionLogs(tx *Tx, siteID string, lines []FunctionLog, retention time.Duration) {
	for _, line := range lines {
		FunctionLogs.Put(tx, functionLogKey(siteID, line.At, fmt.Sprintf("%019d", math.MaxInt64-line.Number)), line)
	}
	if n := len(lines); n > 0 {
		FunctionLogs.deleteFrom(tx, FunctionLogsOf(siteID), functionLogKey(siteID, lines[n-1].At.Add(-retention), ""))
	}
}

// FunctionLogsOf is the prefix of a site's lines.
func FunctionLogsOf(siteID string) string { return ResourceKey(siteID) + "/" }

func functionLogKey(siteID string, at time.Time, number string) string {
	return fmt.Sprintf("%s%019d/%s", FunctionLogsOf(siteID), math.MaxInt64-at.UnixNano(), number)
}
