package customhandler

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// samplePeriod is how often what was left out of the log is counted up.
const samplePeriod = time.Minute

// A Sampler writes lines that strangers can cause, which cost money in Application
// Insights and would drown the others. Of each kind it writes the first; then,
// while more come, one line a minute that says how many were left out. Nothing is
// left out silently: [Sampler.Flush] says the rest when the handler stops. It is
// safe for concurrent use.
type Sampler struct {
	logger *slog.Logger

	mu    sync.Mutex
	kinds map[string]*sample
}

// A sample counts one kind's lines in the current minute.
type sample struct {
	level            slog.Level
	written, leftOut int
	ids              []string // of the requests whose lines were left out
}

// maxLeftOutIDs is how many ids a line about what was left out has at most. Beyond
// them, a caller's id alone does not say why it was refused.
const maxLeftOutIDs = 100

// NewSampler returns a sampler that writes to logger.
func NewSampler(logger *slog.Logger) *Sampler {
	return &Sampler{logger: logger, kinds: map[string]*sample{}}
}

// A Line is a line of the log that may be left out.
type Line struct {
	Kind  string // lines of one kind are alike; there must be few kinds, whatever callers send
	Level slog.Level
	Limit int // lines of this kind a minute; 0 means 1
	// KeepIDs names the requests whose lines are left out, by the ids that their
	// callers know, so that each can still be found in the log.
	KeepIDs bool
}

// Log writes a line unless its kind has had its lines of this minute.
func (s *Sampler) Log(ctx context.Context, line Line, message string, args ...any) {
	if s.take(line, idsOf(ctx).correlation()) {
		s.logger.Log(ctx, line.Level, message, args...)
	}
}

func (s *Sampler) take(line Line, id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind := s.kinds[line.Kind]
	if kind == nil {
		kind = &sample{level: line.Level}
		s.kinds[line.Kind] = kind
	}
	if kind.written >= max(line.Limit, 1) {
		kind.leftOut++
		if line.KeepIDs && id != "" && len(kind.ids) < maxLeftOutIDs {
			kind.ids = append(kind.ids, id)
		}
		return false
	}
	kind.written++
	return true
}

// Flush says how many lines of each kind were left out since the last time. That
// is the kind's line of the minute that begins now.
func (s *Sampler) Flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(s.kinds)) {
		kind := s.kinds[name]
		if kind.leftOut == 0 {
			delete(s.kinds, name)
			continue
		}
		args := []any{"kind", name, "count", kind.leftOut}
		if len(kind.ids) > 0 {
			args = append(args, "ids", kind.ids)
		}
		s.logger.Log(context.Background(), kind.level, "lines left out", args...)
		kind.written, kind.leftOut, kind.ids = 1, 0, nil
	}
}

// Run flushes every minute until ctx ends, and then once more. A nil after is
// [time.After].
func (s *Sampler) Run(ctx context.Context, after func(time.Duration) <-chan time.Time) {
	if after == nil {
		after = time.After
	}
	defer s.Flush()
	for {
		select {
		case <-ctx.Done():
			return
		case <-after(samplePeriod):
			s.Flush()
		}
	}
}
