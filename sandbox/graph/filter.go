package graph

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// This file reads $filter
// (https://learn.microsoft.com/graph/filter-query-parameter). The rules are:
// eq, startswith, any, and ge and le of times, joined by and, or and
// parentheses, are known, on the
// properties that a collection lists and where Graph takes them; and binds
// tighter than or (OData 4.01 URL conventions, section 5.1.1.17). A literal has
// to be of the property's type. Everything else is unemulated, because ignoring
// or guessing a filter would return the wrong objects; eq null is, because many
// properties take it in advanced queries alone
// (https://learn.microsoft.com/graph/aad-advanced-queries).

// filterable has the properties that a collection can be filtered by.
type filterable map[string]filterKind

// A filterKind is what a property can be compared with.
type filterKind int

const (
	filterText   filterKind = iota + 1 // eq 'text', in any case
	filterExact                        // eq 'text', in this case
	filterStart                        // eq 'text' and startswith, in any case
	filterGUID                         // eq a GUID without quotes: an Edm.Guid
	filterFlag                         // eq true, eq false
	filterList                         // any
	filterTime                         // eq, ge and le a time
	filterNumber                       // eq a whole number
)

// A condition says whether an object matches.
type condition func(props map[string]any) bool

// deepest is how far parentheses may be nested.
const deepest = 32

// parseFilter returns the condition that a filter states. Everything matches
// an empty filter.
func parseFilter(text string, fields filterable) (condition, error) {
	if text == "" {
		return func(map[string]any) bool { return true }, nil
	}
	words, ok := filterWords(text)
	p := filterParser{words: words, fields: fields}
	c := p.either(0)
	if !ok || p.wrong || len(p.words) > 0 {
		return nil, unemulated("$filter %q", text)
	}
	return c, nil
}

var (
	timeWord   = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)`)
	quotedWord = regexp.MustCompile(`^'(?:[^']|'')*'`)
	nameWord   = regexp.MustCompile(`^[\w-]+`) // of a property or a function, an operator, or a literal
	signWord   = regexp.MustCompile(`^[(),:/]`)
)

// filterWords splits a filter. It fails at a character that no word starts
// with, and at a name or a text that touches another one.
func filterWords(text string) (words []string, ok bool) {
	touching := false
	for text != "" {
		if rest := strings.TrimLeft(text, " "); rest != text {
			text, touching = rest, false
			continue
		}
		word := signWord.FindString(text)
		if word != "" {
			touching = false
		} else if word = cmp.Or(quotedWord.FindString(text), timeWord.FindString(text), nameWord.FindString(text)); word == "" || touching {
			return nil, false
		} else {
			touching = true
		}
		words, text = append(words, word), text[len(word):]
	}
	return words, true
}

// A filterParser has the words that are still to be read. wrong is set at the
// first one that does not fit; what is returned then is not used.
type filterParser struct {
	words  []string
	fields filterable
	wrong  bool
}

// next takes the next word, which is empty at the end.
func (p *filterParser) next() string {
	if len(p.words) == 0 {
		return ""
	}
	word := p.words[0]
	p.words = p.words[1:]
	return word
}

// take takes the next word if it is this one.
func (p *filterParser) take(word string) bool {
	if len(p.words) == 0 || p.words[0] != word {
		return false
	}
	p.next()
	return true
}

// expect takes words that must come next.
func (p *filterParser) expect(words ...string) {
	for _, word := range words {
		p.wrong = !p.take(word) || p.wrong
	}
}

// either reads conditions joined by or.
func (p *filterParser) either(depth int) condition {
	c := p.both(depth)
	for p.take("or") {
		first, second := c, p.both(depth)
		c = func(props map[string]any) bool { return first(props) || second(props) }
	}
	return c
}

// both reads conditions joined by and.
func (p *filterParser) both(depth int) condition {
	c := p.single(depth)
	for p.take("and") {
		first, second := c, p.single(depth)
		c = func(props map[string]any) bool { return first(props) && second(props) }
	}
	return c
}

// single reads one condition, or several in parentheses.
func (p *filterParser) single(depth int) condition {
	switch name := p.next(); {
	case name == "(":
		if p.wrong = p.wrong || depth == deepest; p.wrong {
			return nil
		}
		c := p.either(depth + 1)
		p.expect(")")
		return c
	case strings.EqualFold(name, "startswith") && p.take("("):
		return p.starts()
	case p.take("/"):
		if len(p.words) > 1 && p.words[0] == "any" && p.words[1] == "(" {
			return p.any(name)
		}
		part := p.next()
		p.expect("eq")
		return p.part(name, part)
	case p.fields[name] == filterTime:
		return p.times(name)
	default:
		p.expect("eq")
		return p.equals(name)
	}
}

// part reads the number of name/part eq number.
func (p *filterParser) part(name, part string) condition {
	p.property(name+"/"+part, filterNumber)
	want, err := strconv.Atoi(p.next())
	p.wrong = p.wrong || err != nil
	return func(props map[string]any) bool {
		whole, _ := props[name].(map[string]any)
		return whole[part] == want
	}
}

// times reads the operator and the time of name ge time.
func (p *filterParser) times(name string) condition {
	operator := p.next()
	want, err := time.Parse(time.RFC3339, p.next())
	p.wrong = p.wrong || err != nil || !slices.Contains([]string{"eq", "ge", "le"}, operator)
	return func(props map[string]any) bool {
		text, _ := props[name].(string)
		value, err := time.Parse(time.RFC3339, text)
		order := value.Compare(want)
		return err == nil && (order == 0 || order > 0 && operator == "ge" || order < 0 && operator == "le")
	}
}

// property returns the kind of a condition's property, which must be among these.
func (p *filterParser) property(name string, kinds ...filterKind) filterKind {
	kind := p.fields[name]
	p.wrong = p.wrong || !slices.Contains(kinds, kind)
	return kind
}

// text reads a string in quotes.
func (p *filterParser) text() string {
	word := p.next()
	if !strings.HasPrefix(word, "'") {
		p.wrong = true
		return ""
	}
	return strings.ReplaceAll(word[1:len(word)-1], "''", "'")
}

// starts reads the rest of startswith(name,'text').
func (p *filterParser) starts() condition {
	name := p.next()
	p.property(name, filterStart)
	p.expect(",")
	start := strings.ToLower(p.text())
	p.expect(")")
	return func(props map[string]any) bool {
		value, _ := props[name].(string)
		return strings.HasPrefix(strings.ToLower(value), start)
	}
}

// any reads the rest of name/any(x:x eq 'text').
func (p *filterParser) any(name string) condition {
	p.property(name, filterList)
	p.expect("any", "(")
	item := p.next()
	p.wrong = p.wrong || !nameWord.MatchString(item)
	p.expect(":", item, "eq")
	want := p.text()
	p.expect(")")
	return func(props map[string]any) bool {
		values, _ := props[name].([]string)
		for _, value := range values {
			if strings.EqualFold(value, want) {
				return true
			}
		}
		return false
	}
}

// equals reads the value of name eq value.
func (p *filterParser) equals(name string) condition {
	switch kind := p.property(name, filterText, filterExact, filterStart, filterGUID, filterFlag); kind {
	case filterGUID:
		want := p.next()
		p.wrong = p.wrong || !isGUID(want)
		return func(props map[string]any) bool { return sameText(props[name], want, false) }
	case filterFlag:
		want := p.next()
		p.wrong = p.wrong || want != "true" && want != "false"
		return func(props map[string]any) bool { return props[name] == (want == "true") }
	default:
		want := p.text()
		return func(props map[string]any) bool { return sameText(props[name], want, kind == filterExact) }
	}
}

// equalTo returns the value of a $filter that is one equality on property, or
// "".
func equalTo(text, property string) string {
	words, _ := filterWords(text)
	if len(words) != 3 || words[0] != property || words[1] != "eq" || !strings.HasPrefix(words[2], "'") {
		return ""
	}
	return (&filterParser{words: words[2:]}).text()
}

// sameText compares a property, which is no text if it is null.
func sameText(property any, want string, exact bool) bool {
	value, isText := property.(string)
	return isText && (value == want || !exact && strings.EqualFold(value, want))
}
