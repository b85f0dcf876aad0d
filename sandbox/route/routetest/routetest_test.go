package routetest

import (
	"encoding/json"
	"testing"
)

func TestShows(t *testing.T) {
	t.Parallel()
	const body = `{"@odata.type":"a.b","on":true,"none":null,"empty":[],"value":[{"id":"1"},{"id":"2","at":{"n":3}}]}`
	for member, want := range map[string]bool{
		"@odata.type=a.b": true, "on=true": true, "none=<nil>": true, "empty=[]": true, "value.id=2": true, "value.at.n=3": true,
		"value.id=3": false, "value=[]": false, "missing=": false, "missing=<nil>": false, "on.id=true": false, "value.at=": false,
	} {
		t.Run(member, func(t *testing.T) {
			t.Parallel()
			fake := &recorder{TB: t}
			Shows(fake, []byte(body), member)
			if fake.failed == want {
				t.Errorf("got shown %t, want %t", !fake.failed, want)
			}
		})
	}
	fake := &recorder{TB: t}
	if Shows(fake, []byte("no JSON"), "a=b"); !fake.failed || json.Valid([]byte("no JSON")) {
		t.Error("got what is no JSON accepted, want it refused")
	}
}

// A recorder is a test that may fail.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }
