package graph

import (
	"encoding/base64"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"app-to-app/sandbox/store"
)

// listQuery are the query parameters of every list.
var listQuery = []string{"$filter", "$select", "$top", "$skiptoken", "$count"}

const (
	defaultPage = 100
	largestPage = 999
)

// A page is a part of a collection.
type page struct {
	objects []object
	next    string // address of the rest; empty at the end
	count   *int   // of the whole collection, when $count asked for it
}

// list returns the page of objects that the query asks for. Objects come in the
// order of their keys; a skip token is the last key of a page.
func (q *request) list(context string, fields filterable, objects iter.Seq2[string, object]) (answer, error) {
	query := q.URL.Query()
	matches, err := parseFilter(query.Get("$filter"), fields)
	if err != nil {
		return answer{}, err
	}
	top, err := q.readTop(query)
	if err != nil {
		return answer{}, err
	}
	after, err := base64.RawURLEncoding.DecodeString(query.Get("$skiptoken"))
	if err != nil {
		return answer{}, badRequest("Specified page token value has expired and can not be included in your request.")
	}
	p := &page{}
	if p.count, err = q.countWanted(query); err != nil {
		return answer{}, err
	}
	var last string
	for key, o := range objects {
		if !matches(o.props) {
			continue
		}
		if p.count != nil {
			*p.count++
		}
		switch {
		case key <= string(after):
		case len(p.objects) < top:
			p.objects = append(p.objects, o)
			last = key
		case p.next == "":
			p.next = q.nextLink(query, last)
		}
	}
	for i := range p.objects {
		if p.objects[i].props, err = project(query, p.objects[i].props); err != nil {
			return answer{}, err
		}
	}
	return answer{status: http.StatusOK, context: context + selected(query), page: p}, nil
}

// counter is an operation that answers with the number of the objects that
// $filter asks for.
func counter(fields filterable, objects func(*store.Tx, *request, bool) iter.Seq2[string, object]) operation {
	return func(tx *store.Tx, q *request) (answer, error) {
		if !q.eventual() {
			return answer{}, badRequest("$count is not currently supported.")
		}
		matches, err := parseFilter(q.URL.Query().Get("$filter"), fields)
		if err != nil {
			return answer{}, err
		}
		n := 0
		for _, o := range objects(tx, q, false) {
			if matches(o.props) {
				n++
			}
		}
		return answer{status: http.StatusOK, text: strconv.Itoa(n)}, nil
	}
}

// eventual says whether the request has the header that advanced queries need
// (https://learn.microsoft.com/graph/aad-advanced-queries).
func (q *request) eventual() bool {
	return strings.EqualFold(q.Header.Get("ConsistencyLevel"), "eventual")
}

// one returns a single object with the properties that $select names.
func (q *request) one(context string, o object) (answer, error) {
	props, err := project(q.URL.Query(), o.props)
	if err != nil {
		return answer{}, err
	}
	o.props = props
	return answer{status: http.StatusOK, context: context + selected(q.URL.Query()) + "/$entity", object: &o}, nil
}

func (q *request) readTop(query url.Values) (int, error) {
	usual, largest := defaultPage, largestPage
	if q.pages > 0 {
		usual, largest = q.pages, q.pages
	}
	if !query.Has("$top") {
		return usual, nil
	}
	top, err := strconv.Atoi(query.Get("$top"))
	if err != nil || top < 1 || top > largest {
		return 0, badRequest("Invalid page size specified: '%s'. Must be between 1 and %d inclusive.", query.Get("$top"), largest)
	}
	return top, nil
}

// countWanted returns a counter if $count asks for one. As in Graph it is
// ignored without the header of advanced queries, and after the first page
// (https://learn.microsoft.com/graph/query-parameters#count).
func (q *request) countWanted(query url.Values) (*int, error) {
	switch query.Get("$count") {
	case "", "false":
		return nil, nil
	case "true":
		if !q.eventual() || query.Has("$skiptoken") {
			return nil, nil
		}
		return new(int), nil
	}
	return nil, badRequest("Invalid value '%s' for $count query option found. Valid values are 'false' and 'true'.", query.Get("$count"))
}

func (q *request) nextLink(query url.Values, last string) string {
	next := make(url.Values)
	for name, values := range query {
		next[name] = values
	}
	next.Set("$skiptoken", base64.RawURLEncoding.EncodeToString([]byte(last)))
	return q.service.BaseURL + q.URL.Path + "?" + next.Encode()
}

// project keeps the properties that $select names.
func project(query url.Values, props map[string]any) (map[string]any, error) {
	if !query.Has("$select") {
		return props, nil
	}
	names := selection(query)
	if len(names) == 0 {
		return nil, unemulated("an empty $select") // what Graph answers is not known
	}
	kept := make(map[string]any)
	for _, name := range names {
		value, ok := props[name]
		if !ok {
			return nil, unemulated("$select of property %q", name)
		}
		kept[name] = value
	}
	return kept, nil
}

func selection(query url.Values) []string {
	var names []string
	for _, name := range strings.Split(query.Get("$select"), ",") {
		if name = strings.TrimSpace(name); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// selected is the selection as @odata.context shows it.
func selected(query url.Values) string {
	if names := selection(query); len(names) > 0 {
		return "(" + strings.Join(names, ",") + ")"
	}
	return ""
}
