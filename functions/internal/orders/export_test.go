package orders_test

import (
	"errors"
	"io"
	"iter"
	"runtime"
	"slices"
	"strings"
	"testing"

	"app-to-app/functions/internal/orders"
)

func TestFormatFor(t *testing.T) {
	t.Parallel()
	const csv, jsonl, ndjson = "text/csv", "application/jsonl", "application/x-ndjson"
	for _, test := range []struct {
		name   string
		accept []string
		want   string // "" for none
	}{
		{"no header", nil, csv},
		{"empty header", []string{""}, csv},
		{"anything", []string{"*/*"}, csv},
		{"CSV", []string{"text/csv"}, csv},
		{"with a parameter, in capitals", []string{"Text/CSV; charset=utf-8"}, csv},
		{"JSON Lines", []string{"application/jsonl"}, jsonl},
		{"JSON Lines by its other name", []string{"application/x-ndjson"}, ndjson},
		{"a whole kind", []string{"application/*"}, jsonl},
		{"a preference", []string{"text/csv;q=0.5, application/jsonl;q=0.9"}, jsonl},
		{"in two headers", []string{"text/csv;q=0.5", "application/jsonl"}, jsonl},
		{"equal preferences", []string{"application/x-ndjson, text/csv"}, csv},
		{"the more specific range counts", []string{"*/*;q=0.1, text/*;q=0, application/x-ndjson;q=0.2"}, ndjson},
		{"one that is refused", []string{"text/csv;q=0, */*"}, jsonl},
		{"JSON", []string{"application/json"}, ""},
		{"nothing that is liked", []string{"text/csv;q=0"}, ""},
		{"a quality above one", []string{"text/csv;q=2"}, ""},
		{"a quality that is no number", []string{"text/csv;q=high"}, ""},
		{"no number at all", []string{"text/csv;q=NaN"}, ""},
		{"what is no range", []string{"csv;;=,text/csv"}, csv},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			format, ok := orders.FormatFor(test.accept)
			if got := strings.Split(format.ContentType, ";")[0]; got != test.want || ok != (test.want != "") {
				t.Errorf("got %q, %v, want %q", got, ok, test.want)
			}
		})
	}
}

func TestExportedOrders(t *testing.T) {
	t.Parallel()
	list := append(orders.Sample()[:1], orders.Order{ID: "SO-9", Item: `Lamp, 12" "round"`, Units: 1, UnitCost: -5, Total: -5})
	for accept, want := range map[string]string{
		"text/csv": "id,date,region,rep,item,units,unitCost,total\r\n" +
			"SO-1001,2026-01-08,North,R-17,Desk lamp,24,18.75,450.00\r\n" +
			"SO-9,,,,\"Lamp, 12\"\" \"\"round\"\"\",1,-0.05,-0.05\r\n",
		"application/jsonl": `{"id":"SO-1001","date":"2026-01-08","region":"North","rep":"R-17","item":"Desk lamp","units":24,"unitCost":18.75,"total":450.00}` + "\n" +
			`{"id":"SO-9","date":"","region":"","rep":"","item":"Lamp, 12\" \"round\"","units":1,"unitCost":-0.05,"total":-0.05}` + "\n",
	} {
		t.Run(accept, func(t *testing.T) {
			t.Parallel()
			format, _ := orders.FormatFor([]string{accept})
			var text strings.Builder
			if n, err := format.Write(&text, slices.Values(list)); n != 2 || err != nil || text.String() != want {
				t.Errorf("got %d, %v and\n%q, want 2 and\n%q", n, err, text.String(), want)
			}
			if _, err := format.Write(broken{}, endless); !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("got %v, want the writer's error", err)
			}
		})
	}
}

// endless yields orders as long as somebody takes them.
func endless(yield func(orders.Order) bool) {
	for yield(orders.Order{ID: "SO-1", Item: "Desk lamp"}) {
		continue
	}
}

// broken is a caller who is gone.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestExportStreams: what an export holds does not grow with the number of orders.
func TestExportStreams(t *testing.T) { // not parallel: it looks at the heap
	for _, accept := range []string{"text/csv", "application/jsonl"} {
		format, _ := orders.FormatFor([]string{accept})
		var before, after runtime.MemStats
		var taken, most uint64
		runtime.GC()
		runtime.ReadMemStats(&before)
		const many = 200_000
		var list iter.Seq[orders.Order] = func(yield func(orders.Order) bool) {
			for n := range many {
				if n%50_000 == 0 {
					runtime.GC()
					runtime.ReadMemStats(&after)
					most = max(most, after.HeapAlloc)
				}
				if !yield(orders.Order{ID: "SO-1", Item: "Desk lamp"}) {
					return
				}
			}
		}
		n, err := format.Write(writer(func(b []byte) (int, error) { taken += uint64(len(b)); return len(b), nil }), list)
		if n != many || err != nil || taken < many*10 {
			t.Fatalf("%s: got %d orders, %d bytes, %v", accept, n, taken, err)
		}
		if most > before.HeapAlloc+1<<20 {
			t.Errorf("%s: got %d bytes more on the heap for %d bytes of orders, want less than a MiB", accept, most-before.HeapAlloc, taken)
		}
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }
