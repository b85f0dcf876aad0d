package monitor

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// This file reads queries
// (https://learn.microsoft.com/kusto/query/). The rules are: a table, then where,
// extend, project, summarize, order, and take; anything else is unemulated, because
// a query that is half understood gives wrong answers.

// An UnemulatedError is about a part of a query that is not known here.
type UnemulatedError struct{ What string }

func (e *UnemulatedError) Error() string { return "the sandbox does not emulate " + e.What }

var lexeme = regexp.MustCompile(`^(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|@"[^"]*"|\d+[a-z]+|\d+|[A-Za-z_][\w]*|==|!=|>=|<=|=~|[|(),.<>=])`)

// lexemes splits a query.
func lexemes(text string) ([]string, error) {
	var all []string
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		found := lexeme.FindString(text)
		if found == "" {
			return nil, &UnemulatedError{fmt.Sprintf("the query at %.40q", text)}
		}
		all, text = append(all, found), text[len(found):]
	}
	return all, nil
}

// A parser has the words that are still to be read, and the first problem.
type parser struct {
	words []string
	used  []string // the columns that the operator names
	now   time.Time
	err   error
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = &UnemulatedError{fmt.Sprintf(format, args...)}
	}
}

func (p *parser) peek() string {
	if len(p.words) == 0 {
		return ""
	}
	return p.words[0]
}

func (p *parser) next() string {
	word := p.peek()
	if len(p.words) > 0 {
		p.words = p.words[1:]
	}
	return word
}

func (p *parser) take(word string) bool {
	if p.peek() != word || word == "" {
		return false
	}
	p.next()
	return true
}

func (p *parser) expect(word string) {
	if got := p.next(); got != word {
		p.fail("%q where %q is expected in a query", got, word)
	}
}

func (p *parser) name() string {
	name := p.next()
	if !regexp.MustCompile(`^[A-Za-z_]\w*$`).MatchString(name) {
		p.fail("%q where a name is expected in a query", name)
	}
	return name
}

// A step is one operator of a query: rows in, rows out.
type step func(t table) table

// checked is a step that fails when the table lacks a column that it names.
func checked(used []string, next step) func(table) (table, error) {
	return func(t table) (table, error) {
		for _, name := range used {
			if !slices.ContainsFunc(t.columns, func(c Column) bool { return c.Name == name }) {
				return t, &UnemulatedError{fmt.Sprintf("the column %q", name)}
			}
		}
		return next(t), nil
	}
}

// parse reads the operators that follow the table.
func (p *parser) parse() []func(table) (table, error) {
	var steps []func(table) (table, error)
	for p.err == nil && p.take("|") {
		p.used = nil
		var next step
		switch operator := p.next(); operator {
		case "where":
			next = p.where()
		case "extend":
			next = p.extend()
		case "project":
			next = p.project()
		case "summarize":
			next = p.summarize()
		case "order", "sort":
			next = p.order()
		case "take", "limit":
			next = p.limit()
		default:
			p.fail("the operator %q of a query", operator)
		}
		steps = append(steps, checked(p.used, next))
	}
	if len(p.words) > 0 {
		p.fail("%q in a query", p.peek())
	}
	return steps
}

// An expression is computed for one row.
type expression func(row) any

// expression reads a literal, a column, a path in a dynamic value, or a function.
func (p *parser) expression() expression {
	word := p.next()
	switch {
	case word == "":
		p.fail("the end of a query where a value is expected")
	case strings.ContainsAny(word[:1], `"'@`):
		text := unquote(word)
		return func(row) any { return text }
	case word[0] >= '0' && word[0] <= '9':
		if n, err := strconv.ParseInt(word, 10, 64); err == nil {
			return func(row) any { return n }
		}
		if d, ok := timespan(word); ok {
			return func(row) any { return d }
		}
		p.fail("the literal %q of a query", word)
	case word == "todatetime" && p.take("("):
		return p.datetime()
	case word == "ago" && p.take("("):
		d, _ := timespan(p.next())
		p.expect(")")
		at := p.now.Add(-d)
		return func(row) any { return at }
	case (word == "tostring" || word == "parse_json" || word == "startofday") && p.take("("):
		inner := p.expression()
		p.expect(")")
		if word == "startofday" {
			return func(r row) any {
				at, _ := inner(r).(time.Time)
				return at.Truncate(24 * time.Hour)
			}
		}
		if word == "tostring" {
			return func(r row) any { return textOf(inner(r)) }
		}
		return func(r row) any { return parseJSON(textOf(inner(r))) }
	default:
		return p.path(word)
	}
	return func(row) any { return nil }
}

// datetime reads the rest of todatetime("2026-01-01T00:00:00Z").
func (p *parser) datetime() expression {
	word := p.next()
	at, err := time.Parse(time.RFC3339Nano, unquote(word))
	if err != nil {
		p.fail("todatetime(%s) of a query", word)
	}
	p.expect(")")
	return func(row) any { return at }
}

// path reads a column and the members of its value.
func (p *parser) path(column string) expression {
	var members []string
	for p.take(".") {
		members = append(members, p.name())
	}
	p.used = append(p.used, column)
	return func(r row) any {
		value := r[column]
		for _, member := range members {
			object, _ := value.(map[string]any)
			value = object[member]
		}
		return value
	}
}

// condition reads comparisons joined by and or or; and binds tighter.
func (p *parser) condition() func(row) bool {
	c := p.both()
	for p.take("or") {
		first, second := c, p.both()
		c = func(r row) bool { return first(r) || second(r) }
	}
	return c
}

func (p *parser) both() func(row) bool {
	c := p.comparison()
	for p.take("and") {
		first, second := c, p.comparison()
		c = func(r row) bool { return first(r) && second(r) }
	}
	return c
}

var comparisons = []string{"==", "!=", "=~", ">", ">=", "<", "<=", "has", "contains"}

func (p *parser) comparison() func(row) bool {
	if p.take("(") {
		c := p.condition()
		p.expect(")")
		return c
	}
	left := p.expression()
	operator := p.next()
	if !slices.Contains(comparisons, operator) {
		p.fail("the comparison %q of a query", operator)
	}
	right := p.expression()
	return func(r row) bool { return compare(left(r), operator, right(r)) }
}

// timespan reads a literal like 30d.
func timespan(word string) (time.Duration, bool) {
	digits := strings.TrimRight(word, "dhms")
	n, err := strconv.Atoi(digits)
	unit := map[string]time.Duration{"d": 24 * time.Hour, "h": time.Hour, "m": time.Minute, "s": time.Second}[word[len(digits):]]
	return time.Duration(n) * unit, err == nil && unit > 0
}

// unquote is the value of a text literal
// (https://learn.microsoft.com/kusto/query/scalar-data-types/string).
func unquote(word string) string {
	if text, ok := strings.CutPrefix(word, `@"`); ok {
		return strings.TrimSuffix(text, `"`)
	}
	if len(word) < 2 || !strings.ContainsAny(word[:1], `"'`) {
		return word
	}
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\'`, `'`).Replace(word[1 : len(word)-1])
}
