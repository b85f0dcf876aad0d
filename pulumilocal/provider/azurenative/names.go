package azurenative

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"app-to-app/pulumilocal/provider/plugin"
)

// autoNamed marks inputs whose name was generated. The engine keeps inputs
// whose names start with two underscores and never shows them.
const autoNamed = "__autoNamed"

// validate fills in a name and the location, as the official provider does.
func (r *armResource) validate(ctx context.Context, c *plugin.Check) {
	if r.kind.name != "" && !c.Given(r.kind.name) {
		r.nameIt(c)
	}
	if scope, ok := c.Known("scope"); ok && r.kind.guid && !strings.HasPrefix(scope, "/") {
		c.Fail("scope", "property %q: expected an ARM id, which starts with a slash, got %q", "scope", scope)
	}
	if r.kind.guid {
		if name, ok := c.Known(r.kind.name); ok && uuid.Validate(name) != nil {
			c.Fail(r.kind.name, "property %q: expected a GUID, got %q", r.kind.name, name)
		}
	}
	if r.kind.location && !c.Given("location") {
		r.locateIt(ctx, c)
	}
}

// nameIt keeps an earlier generated name, or generates one: the resource's own
// with 8 hexadecimal digits, or a GUID. Both come from the engine's seed, so that
// a preview and its update agree.
func (r *armResource) nameIt(c *plugin.Check) {
	key := resource.PropertyKey(r.kind.name)
	c.News[autoNamed] = resource.NewProperty(true)
	if old, ok := c.Olds[key]; ok && old.IsString() {
		c.News[key] = old
		return
	}
	if r.kind.guid {
		c.News[key] = resource.NewProperty(seeded(c.Seed).String())
		return
	}
	name, err := resource.NewUniqueName(c.Seed, c.URN.Name(), 8, 0, nil)
	if err != nil {
		c.Fail(r.kind.name, "generate a name: %v", err)
		return
	}
	c.News[key] = resource.NewProperty(name)
}

// seeded is a GUID made from the seed, or a random one without it.
func seeded(seed []byte) uuid.UUID {
	if len(seed) == 0 {
		return uuid.New()
	}
	sum := sha256.Sum256(seed)
	id := uuid.UUID(sum[:16])
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // version 4, RFC 9562 section 5.4
	return id
}

// locateIt takes the location from the old inputs, the configuration, or the
// resource group. If the group does not exist yet the location stays unset, and
// ARM will refuse the creation.
func (r *armResource) locateIt(ctx context.Context, c *plugin.Check) {
	if old, ok := c.Olds["location"]; ok {
		c.News["location"] = old
		return
	}
	location := r.provider.deployer.Location
	if group, ok := c.Known("resourceGroupName"); location == "" && ok && !strings.HasPrefix(r.kind.tokens[0], "resources:") {
		location = r.provider.locationOf(ctx, group)
	}
	if location != "" {
		c.News["location"] = resource.NewProperty(location)
		return
	}
	if strings.HasPrefix(r.kind.tokens[0], "resources:") {
		c.Fail("location", "missing required property %q; set it, or run: pulumi config set azure-native:location westeurope", "location")
	}
}

// locationOf reads a resource group's location, once.
func (p *provider) locationOf(ctx context.Context, group string) string {
	id := fmt.Sprintf("/subscriptions/%s/resourceGroups/%s", p.deployer.SubscriptionID, group)
	p.mu.Lock()
	known, ok := p.locations[strings.ToLower(id)]
	p.mu.Unlock()
	if ok {
		return known
	}
	found, err := p.do(ctx, request{method: http.MethodGet, path: id, version: "2020-10-01"})
	location, _ := found.body["location"].(string)
	if err != nil || location == "" {
		return ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.locations[strings.ToLower(id)] = location
	return location
}

// deleteFirst reports whether a replacement would have the same name as the
// resource it replaces: always, unless the name is generated.
func deleteFirst(c plugin.Check) bool {
	_, generated := c.News[autoNamed]
	return !generated
}
