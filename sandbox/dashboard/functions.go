package dashboard

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"app-to-app/timeline"
)

// A button is a form of one button.
type button struct{ Tenant, What, Value, Text, Label string }

// requests is a table of calls.
type requests struct {
	Caption string
	Calls   []call
}

// functions are what the page's template needs to write times and the like.
var functions = template.FuncMap{
	"clock": func(at time.Time) string { return at.UTC().Format("15:04:05") },
	"day":   func(at time.Time) string { return at.UTC().Format("2006-01-02") },
	"stamp": func(at time.Time) string {
		if at.IsZero() {
			return "never"
		}
		return at.UTC().Format("2006-01-02 15:04:05")
	},
	"iso":          func(at time.Time) string { return at.UTC().Format(time.RFC3339) },
	"words":        func(list []string) string { return strings.Join(list, ", ") },
	"add":          func(a, b int) int { return a + b },
	"ahead":        ahead,
	"arrowClasses": func() []string { return []string{"calls", "not-used", "refused", "no-role"} },
	"button": func(tenant Tenant, what, value, text string) button {
		return button{Tenant: tenant.Name, What: what, Value: value, Text: text}
	},
	"revoke": func(tenant Tenant, r *right) button {
		return button{Tenant: tenant.Name, What: "revoke", Value: r.AssignmentID, Text: "Revoke", Label: "Revoke " + r.Role + " of " + r.Caller.Name}
	},
	"requests": func(caption, prefix string, calls []call) requests {
		for i := range calls {
			calls[i].ID = fmt.Sprintf("%s-%d", prefix, calls[i].Number)
		}
		return requests{caption, calls}
	},
	"count": count,
	"class": timeline.Class,
	"outcome": func(status int) string {
		switch {
		case status == 0:
			return "no answer"
		case status == 401 || status == 403:
			return "refused"
		case status == 501:
			return "not emulated"
		case status >= 400:
			return "failed"
		}
		return "answered"
	},
}

// ahead is how far the sandbox's clock is ahead of the machine's, or "".
func ahead(v view) string {
	by := v.Now.Sub(v.Wall).Round(time.Second)
	if days := int(by / (24 * time.Hour)); days > 0 {
		return count(days, "day")
	}
	if by <= 0 {
		return ""
	}
	return by.String()
}

// count is a number of things in words: 1 call, 2 calls.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
