package arm

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"app-to-app/sandbox/store"
)

// This file implements asynchronous operations, in ARM's two styles:
// learn.microsoft.com/azure/azure-resource-manager/management/async-operations.
// With Azure-AsyncOperation the client asks a status document until it says
// Succeeded; with Location it asks until the answer is no longer 202. An
// operation takes effect at the first request after its time is over on the
// sandbox's clock.

const (
	inProgress = "InProgress"
	succeeded  = "Succeeded"

	actionCreate = "create"
	actionDelete = "delete"

	// retryAfter is the wait in seconds, the shortest that clients accept.
	retryAfter = "1"
	// keptOperations is how long the result of an operation can be read.
	keptOperations = 24 * time.Hour
)

// start stores a new operation. If operations take no time, done is true and
// the caller must apply the effect.
func (c *call) start(resource store.Resource, action string) (op store.Operation, done bool) {
	now := c.service.store.Now()
	op = store.Operation{
		ID: uuid.NewString(), SubscriptionID: resource.SubscriptionID, ResourceID: resource.ID,
		Action: action, Status: inProgress, DoneAt: now.Add(c.service.config.OperationTime), CreatedBy: c.caller.ObjectID,
	}
	done = c.service.config.OperationTime <= 0
	if done {
		op.Status = succeeded
	} else {
		c.service.pending.Store(true)
	}
	store.Operations.Put(c.tx, op.ID, op)
	return op, done
}

// begin answers a creation that the client must poll.
func (c *call) begin(t *resourceType, resource store.Resource) (reply, error) {
	op, done := c.start(resource, actionCreate)
	if !done {
		if err := c.setState(resource, "Creating"); err != nil {
			return reply{}, err
		}
		resource, _ = store.ResourceByID(c.tx, resource.ID)
	}
	base := c.service.config.BaseURL + c.subscriptionID() + "/providers/" + t.namespace() + "/locations/" + resource.Location
	query := "/" + op.ID + "?api-version=" + c.version
	if !t.poll {
		return reply{status: http.StatusAccepted, header: map[string]string{"Location": base + "/operationresults" + query, "Retry-After": retryAfter}}, nil
	}
	body, err := c.render(t, resource)
	return reply{status: t.created, body: body, header: map[string]string{
		"Azure-AsyncOperation": base + "/operationstatuses" + query, "Retry-After": retryAfter,
	}}, err
}

// setState changes a resource's provisioning state, if its type has one.
func (c *call) setState(resource store.Resource, state string) error {
	properties, err := decodeObject(resource.Properties)
	if err != nil {
		return err
	}
	if _, ok := properties["provisioningState"]; !ok {
		return nil
	}
	properties["provisioningState"] = state
	if resource.Properties, err = json.Marshal(properties); err != nil {
		return err
	}
	store.Resources.Put(c.tx, store.ResourceKey(resource.ID), resource)
	return nil
}

// finishDue finishes the operations whose time is over, and removes old ones.
func (s *Service) finishDue() error {
	if !s.pending.Load() {
		return nil
	}
	now := s.store.Now()
	c := &call{service: s}
	err := s.store.Update(func(tx *store.Tx) error {
		c.tx = tx
		var due, old []store.Operation
		waiting := false
		for _, op := range store.Operations.All(tx, "") {
			switch {
			case op.Status == inProgress && !now.Before(op.DoneAt):
				due = append(due, op)
			case op.Status == inProgress:
				waiting = true
			case now.Sub(op.DoneAt) > keptOperations:
				old = append(old, op)
			}
		}
		for _, op := range old {
			store.Operations.Delete(tx, op.ID)
		}
		s.pending.Store(waiting)
		for _, op := range due {
			if err := c.finish(op); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(c.changed))) {
		s.config.Sites.Changed(id)
	}
	return nil
}

// finish applies the effect of one operation.
func (c *call) finish(op store.Operation) error {
	if resource, ok := store.ResourceByID(c.tx, op.ResourceID); ok {
		if op.Action == actionDelete {
			c.erase(resource)
		} else if err := c.setState(resource, succeeded); err != nil {
			return err
		}
	}
	op.Status = succeeded
	store.Operations.Put(c.tx, op.ID, op)
	return nil
}

func (c *call) operation() (store.Operation, error) {
	op, ok := store.Operations.Get(c.tx, strings.ToLower(c.r.PathValue("operation")))
	if !ok || !strings.EqualFold(op.SubscriptionID, c.subscription.ID) {
		return op, refuse(http.StatusNotFound, "NotFound", "The operation '%s' could not be found.", c.r.PathValue("operation"))
	}
	return op, nil
}

// operationStatus answers the Azure-AsyncOperation style.
func (c *call) operationStatus() (reply, error) {
	op, err := c.operation()
	if err != nil {
		return reply{}, err
	}
	out := reply{status: http.StatusOK, body: map[string]any{"id": c.r.URL.Path, "name": op.ID, "status": op.Status}}
	if op.Status == inProgress {
		out.header = map[string]string{"Retry-After": retryAfter}
	}
	return out, nil
}

// operationResult answers the Location style: in the end with the resource, or
// with nothing after a deletion.
func (c *call) operationResult() (reply, error) {
	op, err := c.operation()
	if err != nil {
		return reply{}, err
	}
	if op.Status == inProgress {
		return reply{status: http.StatusAccepted, header: map[string]string{"Location": c.service.config.BaseURL + c.r.RequestURI, "Retry-After": retryAfter}}, nil
	}
	resource, ok := store.ResourceByID(c.tx, op.ResourceID)
	t := c.service.typeOf(resource.Type)
	if !ok || t == nil || op.Action == actionDelete {
		return reply{status: http.StatusOK}, nil
	}
	body, err := c.render(t, resource)
	return reply{status: http.StatusOK, body: body}, err
}
