package engine

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// This file reads the engine's event log, in which each line is an event: after a
// run to learn what it did, and during one to say how far it is.

// event is the part of an engine event that an Outcome needs.
type event struct {
	Summary *struct {
		Changes map[string]int `json:"resourceChanges"`
	} `json:"summaryEvent"`
	Resource *struct {
		Metadata struct {
			Op  string `json:"op"`
			URN string `json:"urn"`
		} `json:"metadata"`
	} `json:"resourcePreEvent"`
	Done *struct {
		Metadata struct {
			Op  string `json:"op"`
			URN string `json:"urn"`
		} `json:"metadata"`
	} `json:"resOutputsEvent"`
}

func (o *Outcome) read(events io.Reader) error {
	touched := make(map[string]bool)
	for decoder := json.NewDecoder(bufio.NewReader(events)); ; {
		var e event
		if err := decoder.Decode(&e); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if e.Summary != nil {
			o.Changes = e.Summary.Changes
		}
		if e.Resource != nil && e.Resource.Metadata.Op != "same" {
			touched[e.Resource.Metadata.Op+" "+e.Resource.Metadata.URN] = true
		}
	}
	if o.Changes == nil {
		return errors.New("expected a summary in the engine's event log, got none")
	}
	o.Touched = slices.Sorted(maps.Keys(touched))
	return nil
}

// follow tells p.Watch of the events that the engine appends to a log, until stop
// is called. A log that cannot be read is not followed: Run reports that.
func (p Project) follow(path string) (stop func()) {
	if p.Watch == nil {
		return func() {}
	}
	ended := make(chan struct{})
	var following sync.WaitGroup
	following.Go(func() {
		log, err := os.Open(path)
		if err != nil {
			return
		}
		defer log.Close()
		poll := time.NewTicker(100 * time.Millisecond)
		defer poll.Stop()
		f := follower{watch: p.Watch, done: make(map[string]bool)}
		for {
			select {
			case <-poll.C:
				f.read(log)
			case <-ended:
				f.read(log)
				return
			}
		}
	})
	return func() {
		close(ended)
		following.Wait()
	}
}

// A follower counts in a log that grows.
type follower struct {
	watch func(done int, name string)
	rest  []byte          // a line that is not yet complete
	done  map[string]bool // by URN: a component is done twice, the second time with its outputs
	name  string
}

func (f *follower) read(log io.Reader) {
	data, err := io.ReadAll(log)
	if err != nil || len(data) == 0 {
		return
	}
	f.rest = append(f.rest, data...)
	for {
		line, rest, complete := bytes.Cut(f.rest, []byte("\n"))
		if !complete {
			break
		}
		f.rest = rest
		f.count(line)
	}
	if f.name != "" {
		f.watch(len(f.done), f.name)
	}
}

func (f *follower) count(line []byte) {
	var e event
	if json.Unmarshal(line, &e) != nil {
		return
	}
	if e.Resource != nil && counts(e.Resource.Metadata.Op, e.Resource.Metadata.URN) {
		f.name = e.Resource.Metadata.URN[strings.LastIndex(e.Resource.Metadata.URN, ":")+1:]
	}
	if e.Done != nil && counts(e.Done.Metadata.Op, e.Done.Metadata.URN) {
		f.done[e.Done.Metadata.URN] = true
	}
}

// counts reports whether an operation is more than a look, on a resource that the
// engine's summary counts: it leaves out providers.
func counts(op, urn string) bool {
	return op != "same" && op != "read" && !strings.Contains(urn, "::pulumi:providers:")
}
