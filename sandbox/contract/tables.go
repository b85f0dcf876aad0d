package contract

import (
	"embed"
	"fmt"
	"strings"
	"sync"
)

//go:embed *.txt
var files embed.FS

// A member is what a type says about one of its members.
type member struct {
	kind   string
	always bool // it is there, and not null
}

// A table has a file's types by name, and their members by name.
type table map[string]map[string]member

// tables are read once. What is wrong with them is a mistake in this folder.
var tables = sync.OnceValue(func() map[string]table {
	all := make(map[string]table)
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err)
	}
	for _, entry := range entries {
		text, err := files.ReadFile(entry.Name())
		if err != nil {
			panic(err)
		}
		name := strings.TrimSuffix(entry.Name(), ".txt")
		if all[name], err = parse(string(text)); err != nil {
			panic(entry.Name() + ": " + err.Error())
		}
	}
	for _, e := range exceptions {
		of := all[e.file][e.of]
		if of == nil {
			panic("exception: no type " + e.file + " " + e.of)
		}
		of[e.member] = memberOf(e.kind)
	}
	for _, e := range alwaysSent {
		for _, name := range strings.Fields(e.members) {
			m, ok := all[e.file][e.of][name]
			if !ok {
				panic("always sent: no member " + e.file + " " + e.of + "." + name)
			}
			m.always = true
			all[e.file][e.of][name] = m
		}
	}
	return all
})

// parse reads a table: the name of a type on a line, its members on indented
// lines below.
func parse(text string) (table, error) {
	types, current := make(table), ""
	for line := range strings.Lines(text) {
		switch trimmed := strings.TrimSpace(line); {
		case trimmed == "" || strings.HasPrefix(line, "#"):
		case !strings.HasPrefix(line, " "):
			current = trimmed
			types[current] = make(map[string]member)
		default:
			for _, one := range listed(trimmed) {
				name, kind, ok := strings.Cut(one, " ")
				if !ok || current == "" {
					return nil, fmt.Errorf("expected NAME KIND of a type, got %q", one)
				}
				types[current][name] = memberOf(kind)
			}
		}
	}
	return types, nil
}

// listed are the members of a line. The names of some values have a comma too.
func listed(line string) []string {
	var all []string
	start, depth := 0, 0
	for i, c := range line {
		switch c {
		case '{':
			depth++
		case '}':
			depth--
		case ',':
			if depth == 0 {
				all = append(all, strings.TrimSpace(line[start:i]))
				start = i + 1
			}
		}
	}
	return all
}

func memberOf(kind string) member {
	return member{strings.TrimSuffix(kind, "!"), strings.HasSuffix(kind, "!")}
}
