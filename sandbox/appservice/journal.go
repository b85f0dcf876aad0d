package appservice

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// This file keeps logs. The rules are: a handler's output is kept unmasked,
// because masking would hide from its author that it prints a secret; the host's
// own lines never contain a key, a setting's value or a header.

// Levels, as the Functions host names them.
const (
	information = "Information"
	warning     = "Warning"
	failure     = "Error"
)

const (
	journalSize = 2000     // lines a site keeps
	lineSize    = 16 << 10 // longer lines are cut into pieces
)

// A journal holds the newest log lines of one site.
type journal struct {
	site   string
	now    func() time.Time
	output *lineOutput
	logger *slog.Logger
	// keepLine takes what the handler prints; nil drops it.
	keepLine func(level, text string)

	mu   sync.Mutex
	ring []string
	next int // where the next line goes once the ring is full
}

// host adds a log line of the host.
func (j *journal) host(level, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	j.keep(level, text)
	severity := slog.LevelInfo
	switch level {
	case warning:
		severity = slog.LevelWarn
	case failure:
		severity = slog.LevelError
	}
	j.logger.Log(context.Background(), severity, text, "site", j.site)
}

// printed notes a line that the handler printed.
func (j *journal) printed(level, text string) {
	j.keep(level, text)
	j.output.line(j.site + ": " + text)
	if j.keepLine != nil {
		j.keepLine(level, text)
	}
}

func (j *journal) keep(level, text string) {
	line := fmt.Sprintf("%s [%s] %s", j.now().Format("2006-01-02T15:04:05.000Z"), level, text)
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.ring) < journalSize {
		j.ring = append(j.ring, line)
		return
	}
	j.ring[j.next] = line
	j.next = (j.next + 1) % journalSize
}

func (j *journal) lines() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append(append(make([]string, 0, len(j.ring)), j.ring[j.next:]...), j.ring[:j.next]...)
}

// lineOutput lets many sites write whole lines to one writer.
type lineOutput struct {
	mu sync.Mutex
	to io.Writer
}

func (o *lineOutput) line(text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	io.WriteString(o.to, text+"\n") // there is nowhere to report an error
}

// stdout takes what a handler writes to its standard output.
func (j *journal) stdout() *lineSplitter {
	return &lineSplitter{line: func(text string) { j.printed(information, text) }}
}

// stderr takes what a handler writes to its standard error: errors, because
// UseStdErrorStreamForErrorsOnly is on for custom handlers, or warnings when
// the line says so (HttpWorkerDescription, WorkerProcess of
// Azure/azure-functions-host).
func (j *journal) stderr() *lineSplitter {
	return &lineSplitter{line: func(text string) {
		level := failure
		if strings.Contains(strings.ToLower(text), "warn") {
			level = warning
		}
		j.printed(level, text)
	}}
}

// A lineSplitter is a writer that hands on whole lines.
type lineSplitter struct {
	line func(string)
	mu   sync.Mutex
	rest []byte
}

func (s *lineSplitter) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rest = append(s.rest, b...)
	for {
		end := bytes.IndexByte(s.rest, '\n')
		skip := 1
		if end < 0 || end > lineSize {
			if len(s.rest) < lineSize {
				return len(b), nil
			}
			end, skip = lineSize, 0
		}
		s.line(strings.TrimSuffix(string(s.rest[:end]), "\r"))
		s.rest = s.rest[end+skip:]
	}
}

// flush hands on what was written without a line's end.
func (s *lineSplitter) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rest) > 0 {
		s.line(string(s.rest))
		s.rest = nil
	}
}
