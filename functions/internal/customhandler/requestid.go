package customhandler

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// This file gives each request its ids, so that a caller's error and our log can be
// joined. The rules are those of Azure's own services
// (https://github.com/microsoft/api-guidelines/blob/vNext/azure/Guidelines.md#distributed-tracing--telemetry):
// every answer has our id in x-ms-request-id, and the caller's in
// x-ms-client-request-id if it sent one. A caller's id has to be a GUID: it is
// written to the log, so it must not be able to hold anything else.

const (
	requestIDHeader       = "x-ms-request-id"
	clientRequestIDHeader = "x-ms-client-request-id"
)

// requestIDs are the ids of one request.
type requestIDs struct {
	invocation string // the Functions host's; empty without a host
	own        string // the host's too, or a new one
	client     string // the caller's; empty if it sent none
}

type requestIDsKey struct{}

func idsOf(ctx context.Context) requestIDs {
	ids, _ := ctx.Value(requestIDsKey{}).(requestIDs)
	return ids
}

// InvocationID returns the Functions host's ID of the invocation in ctx, to join
// our log with the host's. It is empty outside an invocation.
func InvocationID(ctx context.Context) string { return idsOf(ctx).invocation }

// correlation is the id that the caller of the request in ctx knows it by: its own,
// or the one that the answer gives it.
func (ids requestIDs) correlation() string {
	if ids.client != "" {
		return ids.client
	}
	return ids.own
}

// withRequestIDs returns the request with its ids, and tells the caller.
func withRequestIDs(w http.ResponseWriter, r *http.Request) *http.Request {
	var ids requestIDs
	// Only the host can call a handler in Azure, but any process can on a
	// developer's machine.
	if id := r.Header.Get("X-Azure-Functions-InvocationId"); invocationIDPattern.MatchString(id) {
		ids.invocation, ids.own = id, id
	} else {
		ids.own = newRequestID()
	}
	w.Header().Set(requestIDHeader, ids.own)
	if id := strings.ToLower(r.Header.Get(clientRequestIDHeader)); guidPattern.MatchString(id) {
		ids.client = id
		w.Header().Set(clientRequestIDHeader, id)
	}
	return r.WithContext(context.WithValue(r.Context(), requestIDsKey{}, ids))
}

var invocationIDPattern = regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`)

// newRequestID returns a random GUID (RFC 9562 section 5.4).
func newRequestID() string {
	var id [16]byte
	rand.Read(id[:]) // never fails since Go 1.24
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
