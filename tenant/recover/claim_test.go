package recover

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"app-to-app/components/provenance"
)

// A memoryStack is a stack whose state is in memory.
type memoryStack struct {
	fileStack
	state  []byte
	locked bool // an update is running
	writes int
}

func (s *memoryStack) Export(context.Context) ([]byte, error) { return bytes.Clone(s.state), nil }

func (s *memoryStack) Import(_ context.Context, state []byte) error {
	if s.locked {
		return errors.New("the stack is currently locked")
	}
	s.state, s.writes = bytes.Clone(state), s.writes+1
	return nil
}

func (s *memoryStack) Refresh(context.Context, []string) error { return nil }

// begunState has one creation that was begun, and other resources.
func begunState(resources string) []byte {
	return fmt.Appendf(nil, `{"version":3,"deployment":{"resources":[%s],"pending_operations":[{"type":"creating","resource":{
		"urn":"urn:pulumi:dev::app-to-app::azuread:index/application:Application::orders-api-application","custom":true,
		"type":"azuread:index/application:Application","inputs":{"displayName":"orders-api (dev)"}}}]}}`, resources)
}

// clock stands still.
func clock() time.Time { return time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC) }

func recovery(t *testing.T, s *memoryStack) Options {
	s.root = t.TempDir()
	return Options{Name: "dev", Project: "app-to-app", Stack: s, Session: signIn(t), Log: io.Discard, Backups: t.TempDir(),
		Host: Host{Name: "here", Runs: func(int) bool { return false }}, Confirm: func(Plan) error { return nil }, Now: clock}
}

// TestStateThatMoves: an update ends while the question waits for its answer. What
// it recorded stays.
func TestStateThatMoves(t *testing.T) {
	t.Parallel()
	s := &memoryStack{state: begunState("")}
	o, asked := recovery(t, s), 0
	o.Confirm = func(Plan) error {
		if asked++; asked == 1 {
			s.state = []byte(`{"version":3,"deployment":{"resources":[{"urn":"urn:pulumi:dev::app-to-app::x:y:Z::new","type":"x:y:Z","id":"new"}]}}`)
		}
		return nil
	}
	report, err := Run(t.Context(), o)
	if err != nil || len(report.Done) > 0 || !strings.Contains(string(s.state), "Z::new") || s.writes > 0 {
		t.Errorf("got %+v, %v, %d writes and the state %s, want the update's", report, err, s.writes, s.state)
	}
}

// TestRunningUpdate: in a backend whose locks cannot be read, an update that runs
// is noticed before anything is done.
func TestRunningUpdate(t *testing.T) {
	t.Parallel()
	s := &memoryStack{state: begunState(""), locked: true}
	if _, err := Run(t.Context(), recovery(t, s)); err == nil || !strings.Contains(err.Error(), "is an update running? the stack is currently locked") {
		t.Errorf("got %v, want it to say that an update may be running", err)
	}
}

// TestForeignRegistrations: a mark proves nothing, so what cannot be an interrupted
// creation's is neither adopted nor removed.
func TestForeignRegistrations(t *testing.T) {
	t.Parallel()
	mark := provenance.Mark{Project: "app-to-app", Stack: "dev", Name: "orders-api-application"}
	for _, tt := range []struct {
		name    string
		secrets []bool // of each registration with the mark
		want    string
	}{
		{"one as its creation left it", []bool{false}, ""},
		{"two", []bool{false, false}, "expected one app registration with the mark of orders-api-application"},
		{"one that somebody can sign in as", []bool{true}, "got one with credentials"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &memoryStack{state: begunState("")}
			o := recovery(t, s)
			var ids []string
			for _, secret := range tt.secrets {
				var app application
				err := o.Session.Graph.Post(t.Context(), "/v1.0/applications", map[string]any{"displayName": "orders-api (dev)", "signInAudience": "AzureADMyOrg", "tags": mark.Tags()}, &app)
				if err == nil && secret {
					err = o.Session.Graph.Post(t.Context(), "/v1.0/applications/"+app.ID+"/addPassword", map[string]any{}, nil)
				}
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, app.ID)
			}
			_, err := Run(t.Context(), o)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if adopted := strings.Contains(string(s.state), ids[0]); adopted != (tt.want == "") {
				t.Errorf("got the state %s, want it adopted: %v", s.state, tt.want == "")
			}
			for _, id := range ids {
				if err := o.Session.Graph.Get(t.Context(), "/v1.0/applications/"+id, nil); err != nil {
					t.Errorf("%s: got %v, want it left alone", id, err)
				}
			}
		})
	}
}
