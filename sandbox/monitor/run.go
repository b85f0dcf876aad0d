package monitor

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"app-to-app/sandbox/store"
)

// This file runs queries.

// A Column is a column of a result.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// A Result is the answer to a query
// (https://learn.microsoft.com/azure/azure-monitor/logs/api/response-format).
type Result struct {
	Columns []Column
	Rows    [][]any
}

// A row has the values of a table's columns.
type row map[string]any

type table struct {
	columns []Column
	rows    []row
}

// Query runs a query over the logs of a site. span is an ISO 8601 duration before
// now, or two times with a slash; empty is all. The error is an [*UnemulatedError]
// for what is not known here. Call [Service.Flush] before the transaction.
func (s *Service) Query(tx *store.Tx, siteID, query, span string) (Result, error) {
	words, err := lexemes(query)
	if err != nil {
		return Result{}, err
	}
	p := &parser{words: words, now: s.store.Now()}
	if name := p.next(); name != functionAppLogs {
		return Result{}, &UnemulatedError{fmt.Sprintf("the table %q", name)}
	}
	steps := p.parse()
	from, to, err := within(span, p.now)
	if p.err != nil {
		err = p.err
	}
	if err != nil {
		return Result{}, err
	}
	t := table{columns: columns, rows: slices.DeleteFunc(s.rows(tx, siteID), func(r row) bool {
		at := r["TimeGenerated"].(time.Time)
		return at.Before(from) || at.After(to)
	})}
	for _, step := range steps {
		if t, err = step(t); err != nil {
			return Result{}, err
		}
	}
	return t.result(), nil
}

func (t table) result() Result {
	out := Result{Columns: t.columns, Rows: [][]any{}}
	for _, r := range t.rows {
		var values []any
		for _, column := range t.columns {
			value := r[column.Name]
			switch v := value.(type) {
			case time.Time:
				value = v.Format("2006-01-02T15:04:05.9999999Z07:00")
			case map[string]any, []any: // dynamic values are text in an answer
				value = textOf(v)
			}
			values = append(values, value)
		}
		out.Rows = append(out.Rows, values)
	}
	return out
}

func (p *parser) where() step {
	matches := p.condition()
	return func(t table) table {
		t.rows = slices.DeleteFunc(slices.Clone(t.rows), func(r row) bool { return !matches(r) })
		return t
	}
}

func (p *parser) extend() step {
	name := p.name()
	p.expect("=")
	value := p.expression()
	return func(t table) table {
		extended := table{columns: append(slices.Clone(t.columns), Column{name, "dynamic"})}
		for _, r := range t.rows {
			with := maps.Clone(r)
			with[name] = value(r)
			extended.rows = append(extended.rows, with)
		}
		return extended
	}
}

func (p *parser) project() step {
	var names []string
	for ok := true; ok; ok = p.take(",") {
		names = append(names, p.name())
	}
	p.used = names
	return func(t table) table {
		t.columns = slices.Clone(t.columns)
		slices.SortStableFunc(t.columns, func(a, b Column) int { return slices.Index(names, a.Name) - slices.Index(names, b.Name) })
		t.columns = slices.DeleteFunc(t.columns, func(c Column) bool { return !slices.Contains(names, c.Name) })
		return t
	}
}

func (p *parser) order() step {
	p.expect("by")
	name := p.name()
	p.used = append(p.used, name)
	descending := !p.take("asc")
	if descending {
		p.take("desc") // the default
	}
	return func(t table) table {
		t.rows = slices.Clone(t.rows)
		slices.SortStableFunc(t.rows, func(a, b row) int {
			order := rank(a[name], b[name])
			if descending {
				return -order
			}
			return order
		})
		return t
	}
}

func (p *parser) limit() step {
	n, err := strconv.Atoi(p.next())
	if err != nil {
		p.fail("take without a number")
	}
	return func(t table) table {
		t.rows = t.rows[:min(n, len(t.rows))]
		return t
	}
}

// An aggregate is one of summarize: max of a column, min of a column, or count.
type aggregate struct{ name, function, column string }

// summarize reads NAME = max(COLUMN), … by NAME = EXPRESSION, ….
func (p *parser) summarize() step {
	var aggregates []aggregate
	for ok := true; ok; ok = p.take(",") {
		a := aggregate{name: p.name()}
		p.expect("=")
		if a.function = p.name(); !slices.Contains([]string{"max", "min", "count"}, a.function) {
			p.fail("the function %q of summarize", a.function)
		}
		p.expect("(")
		if a.function != "count" {
			a.column = p.name()
			p.used = append(p.used, a.column)
		}
		p.expect(")")
		aggregates = append(aggregates, a)
	}
	var names []string
	var keys []expression
	if p.take("by") {
		for ok := true; ok; ok = p.take(",") {
			names = append(names, p.name())
			p.expect("=")
			keys = append(keys, p.expression())
		}
	}
	return func(t table) table { return summarized(t, aggregates, names, keys) }
}

func summarized(t table, aggregates []aggregate, names []string, keys []expression) table {
	out := table{}
	for _, name := range names {
		out.columns = append(out.columns, Column{name, "string"}) // a day too, which shows no difference
	}
	for _, a := range aggregates {
		kind := "long"
		if a.function != "count" {
			kind = "datetime"
		}
		out.columns = append(out.columns, Column{a.name, kind})
	}
	groups := make(map[string]row)
	for _, r := range t.rows {
		group, id := row{}, ""
		for i, key := range keys {
			value := key(r)
			group[names[i]] = value
			id += textOf(value) + "\x00"
		}
		if known, ok := groups[id]; ok {
			group = known
		} else {
			groups[id] = group
			out.rows = append(out.rows, group)
		}
		for _, a := range aggregates {
			if a.function == "count" {
				n, _ := group[a.name].(int64)
				group[a.name] = n + 1
				continue
			}
			value := r[a.column]
			if order := rank(value, group[a.name]); group[a.name] == nil || order > 0 == (a.function == "max") && order != 0 {
				group[a.name] = value
			}
		}
	}
	return out
}

// rank orders two values of one type; others are equal.
func rank(a, b any) int {
	switch a := a.(type) {
	case time.Time:
		if b, ok := b.(time.Time); ok {
			return a.Compare(b)
		}
	case int64:
		if b, ok := b.(int64); ok {
			return cmp.Compare(a, b)
		}
	case string:
		if b, ok := b.(string); ok {
			return cmp.Compare(a, b)
		}
	}
	return 0
}

func compare(left any, operator string, right any) bool {
	a, b := textOf(left), textOf(right)
	switch operator {
	case "==":
		return rank(left, right) == 0 && a == b
	case "!=":
		return a != b
	case "=~":
		return strings.EqualFold(a, b)
	case "contains":
		return strings.Contains(strings.ToLower(a), strings.ToLower(b))
	case "has":
		return hasTerm(strings.ToLower(a), strings.ToLower(b))
	case ">":
		return rank(left, right) > 0
	case ">=":
		return rank(left, right) >= 0
	case "<":
		return rank(left, right) < 0
	}
	return rank(left, right) <= 0
}

// hasTerm says whether a text has another between two characters that are neither
// letters nor digits
// (https://learn.microsoft.com/kusto/query/datatypes-string-operators#what-is-a-term).
func hasTerm(text, term string) bool {
	inWord := func(s string) bool {
		return s != "" && (s[0] >= 'a' && s[0] <= 'z' || s[0] >= '0' && s[0] <= '9')
	}
	for at := 0; term != ""; {
		i := strings.Index(text[at:], term)
		if i < 0 {
			return false
		}
		start, end := at+i, at+i+len(term)
		if (start == 0 || !inWord(text[start-1:start])) && !inWord(text[end:]) {
			return true
		}
		at = start + 1
	}
	return false
}

func textOf(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case time.Time:
		return v.Format(time.RFC3339Nano)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(text)
}

func parseJSON(text string) any {
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		return nil // as parse_json, a text that is no JSON has no members
	}
	return value
}

// within reads the timespan of a request
// (https://learn.microsoft.com/azure/azure-monitor/logs/api/timeouts; ISO 8601).
func within(span string, now time.Time) (from, to time.Time, err error) {
	to = now
	if span == "" {
		return time.Time{}, to, nil
	}
	if first, last, ok := strings.Cut(span, "/"); ok {
		from, err = time.Parse(time.RFC3339, first)
		if err == nil {
			to, err = time.Parse(time.RFC3339, last)
		}
		if err != nil {
			return from, to, &UnemulatedError{fmt.Sprintf("the timespan %q", span)}
		}
		return from, to, nil
	}
	days, rest := strings.CutPrefix(span, "P")
	n, err := strconv.Atoi(strings.TrimSuffix(days, "D"))
	if !rest || err != nil || !strings.HasSuffix(days, "D") {
		return from, to, &UnemulatedError{fmt.Sprintf("the timespan %q", span)}
	}
	return now.AddDate(0, 0, -n), to, nil
}
