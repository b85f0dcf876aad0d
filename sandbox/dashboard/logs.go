package dashboard

import (
	"regexp"
	"slices"
	"strings"

	"app-to-app/sandbox/route"
)

// A siteLog is what a function app said, by invocation.
type siteLog struct {
	Site        string
	Invocations []invocation // newest first
	Other       []string     // lines of no invocation, oldest first
}

// An invocation is one run of a function.
type invocation struct {
	ID, Function string
	Outcome      string // "" while it runs
	Lines        []string
}

// How much of a log the page shows.
const (
	shownInvocations = 15
	shownOther       = 40
)

// The lines of the Functions host, as of Azure/azure-functions-host; and the id
// that handlers put into their own lines.
var (
	began     = regexp.MustCompile(`Executing 'Functions\.([^']+)' \(.*Id=([0-9a-f-]{36})\)`)
	ended     = regexp.MustCompile(`Executed 'Functions\.[^']+' \((Succeeded|Failed), Id=([0-9a-f-]{36})`)
	mentioned = regexp.MustCompile(`"invocationId":"([0-9a-f-]{36})"`)
)

// logOf sorts lines by invocation. Lines that name none belong to none, even if
// only one was running.
func logOf(site string, lines []string) siteLog {
	log := siteLog{Site: site}
	at := map[string]int{}
	for _, line := range lines {
		line = route.MaskTokens(line)
		if m := began.FindStringSubmatch(line); m != nil {
			at[m[2]] = len(log.Invocations)
			log.Invocations = append(log.Invocations, invocation{ID: m[2], Function: m[1], Lines: []string{line}})
			continue
		}
		id := ""
		end := ended.FindStringSubmatch(line)
		if end != nil {
			id = end[2]
		} else if m := mentioned.FindStringSubmatch(line); m != nil {
			id = m[1]
		}
		i, ok := at[id]
		if !ok {
			log.Other = append(log.Other, line)
			continue
		}
		log.Invocations[i].Lines = append(log.Invocations[i].Lines, line)
		if end != nil {
			log.Invocations[i].Outcome = strings.ToLower(end[1])
		}
	}
	slices.Reverse(log.Invocations)
	log.Invocations = log.Invocations[:min(len(log.Invocations), shownInvocations)]
	log.Other = log.Other[max(0, len(log.Other)-shownOther):]
	return log
}
