// Package orders is the business logic of both function apps: orders, the sample
// that the API serves, filters, and the client that reads orders over HTTP.
//
// It does not authenticate: the API checks its caller before it calls this
// package, and [Client] is given a [TokenSource].
package orders

import (
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"
)

// An Order is one sale. Its total is always units times unit cost.
type Order struct {
	ID       string `json:"id"`
	Date     string `json:"date"` // as 2006-01-02
	Region   string `json:"region"`
	Rep      string `json:"rep"` // the representative's code; a name would be personal data
	Item     string `json:"item"`
	Units    int    `json:"units"`
	UnitCost Amount `json:"unitCost"`
	Total    Amount `json:"total"`
}

// A Caller is the API's caller: the service principal's object ID, its client ID
// and the app roles in its token.
type Caller struct {
	ObjectID string   `json:"objectId"`
	ClientID string   `json:"clientId"`
	Roles    []string `json:"roles"`
}

// An Answer is the API's answer: the orders and the caller.
type Answer struct {
	Orders []Order `json:"orders"`
	Caller Caller  `json:"caller"`
}

// Sample returns the five orders that the API serves. Each call returns a new
// slice.
func Sample() []Order {
	list := []Order{
		{ID: "SO-1001", Date: "2026-01-08", Region: "North", Rep: "R-17", Item: "Desk lamp", Units: 24, UnitCost: 1875},
		{ID: "SO-1002", Date: "2026-01-21", Region: "South", Rep: "R-04", Item: "Notebook", Units: 310, UnitCost: 249},
		{ID: "SO-1003", Date: "2026-02-03", Region: "West", Rep: "R-22", Item: "Office chair", Units: 7, UnitCost: 13999},
		{ID: "SO-1004", Date: "2026-02-19", Region: "North", Rep: "R-04", Item: "Whiteboard", Units: 3, UnitCost: 8950},
		{ID: "SO-1005", Date: "2026-03-02", Region: "East", Rep: "R-31", Item: "Cable tie", Units: 1250, UnitCost: 7},
	}
	for i := range list {
		list[i].Total = list[i].UnitCost.Times(list[i].Units)
	}
	return list
}

// A Filter selects orders. Its zero value selects all.
type Filter struct {
	Region, Rep string
}

// filterNames are the query names that a filter knows.
var filterNames = []string{"region", "rep"}

// ParseFilter reads a filter from a URL's raw query. A name that is unknown,
// repeated or empty is an error that may be shown to the caller; ignoring it would
// return other orders than asked for.
func ParseFilter(rawQuery string) (Filter, error) {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return Filter{}, fmt.Errorf("the query is not URL-encoded; allowed are %s", strings.Join(filterNames, " and "))
	}
	names := make([]string, 0, len(query))
	for name := range query {
		names = append(names, name)
	}
	slices.Sort(names) // the same query gets the same answer
	for _, name := range names {
		switch values := query[name]; {
		case !slices.Contains(filterNames, name):
			return Filter{}, fmt.Errorf("query name %s is unknown; allowed are %s", shown(name), strings.Join(filterNames, " and "))
		case len(values) > 1:
			return Filter{}, fmt.Errorf("query name %q: expected once, got %d times", name, len(values))
		case strings.TrimSpace(values[0]) == "":
			return Filter{}, fmt.Errorf("query name %q: expected a value, got none", name)
		}
	}
	return Filter{Region: query.Get("region"), Rep: query.Get("rep")}, nil
}

// shown quotes what a caller sent, cut short.
func shown(text string) string {
	if len(text) > 40 {
		text = text[:40] + "…"
	}
	return fmt.Sprintf("%q", text)
}

// Select yields the orders that the filter selects, in their order. Case does not
// matter.
func (f Filter) Select(list []Order) iter.Seq[Order] {
	return func(yield func(Order) bool) {
		for _, order := range list {
			if (f.Region == "" || strings.EqualFold(f.Region, order.Region)) &&
				(f.Rep == "" || strings.EqualFold(f.Rep, order.Rep)) && !yield(order) {
				return
			}
		}
	}
}

// Apply returns the orders that the filter selects; never nil.
func (f Filter) Apply(list []Order) []Order { return slices.AppendSeq([]Order{}, f.Select(list)) }
