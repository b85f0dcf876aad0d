package orders

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"iter"
	"mime"
	"strconv"
	"strings"
)

// A Format is a way to export orders.
type Format struct {
	mediaType   string
	ContentType string
	Extension   string // of a file, with its dot
	// Write writes the orders one by one, so that their number does not matter to
	// the memory, and returns how many it was given.
	Write func(io.Writer, iter.Seq[Order]) (int, error)
}

// formats are all formats. The first is that of a caller who accepts any. JSON
// Lines goes by two names, of which none is registered.
var formats = []Format{
	{"text/csv", "text/csv; charset=utf-8; header=present", ".csv", writeCSV},
	{"application/jsonl", "application/jsonl", ".jsonl", writeJSONLines},
	{"application/x-ndjson", "application/x-ndjson", ".jsonl", writeJSONLines},
}

// MediaTypes are the names of the formats, for people.
func MediaTypes() string {
	var names []string
	for _, format := range formats {
		names = append(names, format.mediaType)
	}
	return strings.Join(names, " or ")
}

// FormatFor is the format that the Accept headers of a request prefer, the first
// of those they like equally. It is false if they take none (RFC 9110 section
// 12.5.1).
func FormatFor(accept []string) (best Format, ok bool) {
	var most float64
	for _, format := range formats {
		if quality := qualityOf(format.mediaType, accept); quality > most {
			best, most, ok = format, quality, true
		}
	}
	return best, ok
}

// qualityOf is how much the headers like a media type, from 0 to 1: what the most
// specific range that matches it says. Without headers everything is liked.
func qualityOf(mediaType string, accept []string) float64 {
	ranges := strings.Split(strings.Join(accept, ","), ",")
	if strings.TrimSpace(strings.Join(ranges, "")) == "" {
		return 1
	}
	kind, _, _ := strings.Cut(mediaType, "/")
	quality, specific := 0.0, 0
	for _, text := range ranges {
		named, parameters, err := mime.ParseMediaType(text)
		if err != nil {
			continue
		}
		how := map[string]int{mediaType: 3, kind + "/*": 2, "*/*": 1}[named]
		if how <= specific {
			continue
		}
		specific, quality = how, 1
		if q, given := parameters["q"]; given {
			if quality, err = strconv.ParseFloat(q, 64); err != nil || !(quality >= 0 && quality <= 1) {
				quality = 0
			}
		}
	}
	return quality
}

// writeCSV writes a header and a line for each order (RFC 4180).
func writeCSV(w io.Writer, list iter.Seq[Order]) (n int, err error) {
	lines := csv.NewWriter(w)
	lines.UseCRLF = true
	if err := lines.Write([]string{"id", "date", "region", "rep", "item", "units", "unitCost", "total"}); err != nil {
		return 0, err
	}
	for o := range list {
		if err := lines.Write([]string{o.ID, o.Date, o.Region, o.Rep, o.Item, strconv.Itoa(o.Units), o.UnitCost.String(), o.Total.String()}); err != nil {
			return n, err
		}
		n++
	}
	lines.Flush()
	return n, lines.Error()
}

// writeJSONLines writes a JSON object and a line feed for each order
// (https://jsonlines.org).
func writeJSONLines(w io.Writer, list iter.Seq[Order]) (n int, err error) {
	encoder := json.NewEncoder(w)
	for o := range list {
		if err := encoder.Encode(o); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
