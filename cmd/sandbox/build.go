package main

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
)

// buildWork is the processor time of a first run, in minutes (docs/measurements.md).
const buildWork = 12

// builds is the log of the builds as a step of the demo. A first run says what it
// builds and how long that takes; then the line in work counts packages.
type builds struct {
	step *step

	mu        sync.Mutex
	announced bool
	told      []string // names of the builds that count, in the order of their start
	compiled  map[string][2]int
}

// Write shows a line of the log. Builds write whole lines.
func (b *builds) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		if strings.HasPrefix(line, "building ") {
			b.announce()
			line, _, _ = strings.Cut(line, ", once for") // the estimate has said so, and a row is short
		}
		b.step.set("%s", strings.TrimSuffix(line, "\n"))
	}
	return len(p), nil
}

// announce says, once, that this takes minutes.
func (b *builds) announce() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.announced {
		return
	}
	b.announced = true
	cores := runtime.NumCPU()
	b.step.note(fmt.Sprintf("Compiling Pulumi from source, once for this user: about %s on %s.",
		plural((buildWork+cores-1)/cores, "minute"), plural(cores, "core")))
}

// Building counts the packages of one of the builds.
func (b *builds) Building(name string, compiled, packages int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.compiled == nil {
		b.compiled = make(map[string][2]int)
	}
	if _, known := b.compiled[name]; !known {
		b.told = append(b.told, name)
	}
	b.compiled[name] = [2]int{compiled, packages}
	var parts []string
	for _, name := range b.told {
		count := b.compiled[name]
		parts = append(parts, fmt.Sprintf("%s %d/%d", name, count[0], count[1]))
	}
	b.step.set("packages: %s", strings.Join(parts, ", "))
}

// Built notes how long it took until a program was there.
func (b *builds) Built(name string) { b.step.screen.ended(name, b.step.start) }

// plural is a count with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
