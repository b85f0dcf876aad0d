package azurenative

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"app-to-app/pulumilocal/provider/cloud"
	"app-to-app/pulumilocal/provider/plugin"
)

// An armResource is the lifecycle of every resource type in the table.
type armResource struct {
	provider *provider
	kind     kind
	args     *plugin.Type
	state    *plugin.Type // outputs of a creation's preview
	read     *plugin.Type // outputs that are read
}

// Create refuses to take over an existing resource: like the official provider it
// looks first. It does not look for singletons, which always exist.
func (r *armResource) Create(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	id := r.id(call.Inputs)
	if r.kind.reset == nil {
		if err := r.refuseExisting(ctx, id); err != nil {
			return plugin.Result{}, err
		}
	}
	return r.put(ctx, call, id)
}

func (r *armResource) refuseExisting(ctx context.Context, id string) error {
	found, err := r.provider.do(ctx, request{method: http.MethodGet, path: id, version: r.kind.version})
	if cloud.IsStatus(err, http.StatusNotFound) || err == nil && len(found.body) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("cannot create already existing resource %q; import it, or give it another name", id)
}

// put sends all inputs, waits for the operation, and reads the result.
func (r *armResource) put(ctx context.Context, call plugin.Call, id string) (plugin.Result, error) {
	accepted, body, err := r.provider.change(ctx, request{method: http.MethodPut, path: id, version: r.kind.version, body: r.body(call.Inputs, call.OldInputs)})
	if !accepted {
		return plugin.Result{}, err
	}
	if returned, ok := body["id"].(string); ok && strings.HasPrefix(returned, "/") {
		id = returned
	}
	written := plugin.Result{ID: id, State: r.fromWire(body, r.read)}
	if err != nil {
		// The resource may exist, incomplete: keep it in the state, so that the
		// next run repairs it.
		if found, readErr := r.get(ctx, id); readErr == nil && found.ID != "" {
			written = found
		}
		return plugin.Result{}, &plugin.PartialError{Result: written, Err: err}
	}
	if r.provider.options.Getenv("ARM_SKIP_READ_ON_UPDATE") == "true" {
		return written, nil
	}
	found, err := r.get(ctx, id)
	if err == nil && found.ID == "" {
		err = errors.New("not found")
	}
	if err != nil {
		call.Warn(ctx, fmt.Sprintf("read %s after it was written: %v", id, err))
		return written, nil
	}
	return found, nil
}

// Read accepts any id of the type, so that resources can be imported.
func (r *armResource) Read(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	if r.fromID(call.ID) == nil {
		return plugin.Result{}, fmt.Errorf("expected an id like %s, got %q", r.kind.path, call.ID)
	}
	return r.get(ctx, call.ID)
}

func (r *armResource) get(ctx context.Context, id string) (plugin.Result, error) {
	get := request{method: http.MethodGet, path: id, version: r.kind.version}
	if r.kind.readVersion != "" {
		get.version = r.kind.readVersion
	}
	if r.kind.readSibling != "" {
		get.method, get.path = http.MethodPost, id+r.kind.readSibling
	}
	found, err := r.provider.do(ctx, get)
	if cloud.IsStatus(err, http.StatusNotFound) {
		return plugin.Result{}, nil
	}
	if err != nil {
		return plugin.Result{}, err
	}
	if r.kind.merge != "" {
		if err := r.mergeConfiguration(ctx, id, get.version, found.body); err != nil {
			return plugin.Result{}, err
		}
	}
	if returned, ok := found.body["id"].(string); ok && strings.EqualFold(returned, id) {
		id = returned
	}
	return plugin.Result{ID: id, State: r.fromWire(found.body, r.read)}, nil
}

// mergeConfiguration reads a site's configuration into it.
func (r *armResource) mergeConfiguration(ctx context.Context, id, version string, body plugin.Object) error {
	config, err := r.provider.do(ctx, request{method: http.MethodGet, path: id + "/config/web", version: version})
	if err != nil {
		return err
	}
	properties, ok := body["properties"].(plugin.Object)
	if !ok {
		return fmt.Errorf("read %s: expected properties in the answer", id)
	}
	properties[r.kind.merge] = config.body["properties"]
	return nil
}

// Update sends all inputs again. Inputs that the program removed are left out.
func (r *armResource) Update(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	return r.put(ctx, call, call.ID)
}

// Delete succeeds if the resource is already gone. A singleton is reset to its
// default instead.
func (r *armResource) Delete(ctx context.Context, call plugin.Call) error {
	if r.kind.dataPlane {
		return r.provider.deleteSecret(ctx, call)
	}
	deletion := request{method: http.MethodDelete, path: call.ID, version: r.kind.version, query: r.kind.deleteQuery}
	if r.kind.readVersion != "" {
		deletion.version = r.kind.readVersion // custom deletions go with custom reads
	}
	if r.kind.reset != nil {
		deletion.method, deletion.body = http.MethodPut, r.kind.reset
	}
	_, _, err := r.provider.change(ctx, deletion)
	if cloud.IsStatus(err, http.StatusNotFound) {
		return nil
	}
	return err
}
