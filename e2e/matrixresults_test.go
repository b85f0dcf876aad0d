package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// This file keeps the results of the matrix of accidents and sums them up.

func readResults(t *testing.T) map[string]result {
	t.Helper()
	known := make(map[string]result)
	if *matrixResults == "" {
		return known
	}
	data, err := os.ReadFile(*matrixResults)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for line := range bytes.Lines(data) {
		var r result
		if json.Unmarshal(line, &r) == nil { // the last line may be cut off
			known[r.Moment] = r
		}
	}
	return known
}

func keepResult(t *testing.T, r result) {
	t.Helper()
	if *matrixResults == "" {
		return
	}
	line, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(*matrixResults, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
}

// summary is a table by call.
func summary(moments []moment, known map[string]result) string {
	var text strings.Builder
	var order []string
	rows := make(map[string][4]int)
	for _, m := range moments {
		r, done := known[m.String()]
		if !done {
			continue
		}
		for _, call := range []string{m.step.name + " " + m.pattern, m.step.name + ", " + m.accident.name + ": all", m.step.name + ": all", m.accident.name + ": all", "all"} {
			row, seen := rows[call]
			if !seen {
				order = append(order, call)
			}
			row[0]++
			if r.Converged {
				row[1]++
			}
			if r.Recovered {
				row[2]++
			}
			row[3] += len(r.Orphans)
			rows[call] = row
		}
	}
	isSum := func(row string) bool { return strings.HasSuffix(row, "all") }
	order = append(slices.DeleteFunc(slices.Clone(order), isSum), slices.DeleteFunc(order, func(row string) bool { return !isSum(row) })...)
	fmt.Fprintf(&text, "%5s %9s %9s %7s  call\n", "tried", "converged", "recovered", "orphans")
	for _, call := range order {
		fmt.Fprintf(&text, "%5d %9d %9d %7d  %s\n", rows[call][0], rows[call][1], rows[call][2], rows[call][3], call)
	}
	return text.String()
}
