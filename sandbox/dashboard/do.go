package dashboard

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// do does what a button asks for, and shows the page again. The form has what, and
// tenant.
func (c Config) do(w http.ResponseWriter, r *http.Request) {
	tenant, ok := c.tenant(r.PostFormValue("tenant"))
	if !ok {
		http.Error(w, fmt.Sprintf("expected a tenant of this sandbox, got %q", r.PostFormValue("tenant")), http.StatusNotFound)
		return
	}
	if err := c.act(tenant, r.PostFormValue("what"), r.PostFormValue("value")); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	http.Redirect(w, r, Path+"?tenant="+url.QueryEscape(tenant.Name), http.StatusSeeOther)
}

// How strong the weather of the buttons is.
const (
	lagOfButton      = time.Minute
	throttleRequests = 5
	throttleWindow   = 10 * time.Second
)

func (c Config) act(tenant Tenant, what, value string) error {
	switch what {
	case "advance":
		by, err := time.ParseDuration(value)
		if err != nil {
			return fmt.Errorf("advance the clock: expected a duration like 24h, got %q", value)
		}
		return c.Advance(by)
	case "keys":
		return c.RotateKeys(tenant.ID)
	case "lag":
		lag := route.Lag{}
		if value == "on" {
			lag = route.Lag{
				Application: lagOfButton, ServicePrincipal: lagOfButton, AppRole: lagOfButton,
				TokenClient: lagOfButton, TokenSecret: lagOfButton, TokenFederated: lagOfButton, TokenAssignment: lagOfButton,
			}
		}
		c.Weather.SetLag(lag)
	case "throttle":
		throttle := route.Throttle{}
		if value == "on" {
			throttle = route.Throttle{Requests: throttleRequests, Window: throttleWindow}
		}
		c.Weather.SetThrottle("graph", throttle)
	case "revoke":
		return c.revoke(tenant, value)
	default:
		return fmt.Errorf("expected advance, keys, lag, throttle or revoke, got %q", what)
	}
	return nil
}

// revoke removes an app role assignment, as Microsoft Graph does. Tokens that were
// issued before keep the role until they expire.
func (c Config) revoke(tenant Tenant, id string) error {
	return c.Store.Update(func(tx *store.Tx) error {
		key := store.TenantKey(tenant.ID, id)
		if _, ok := store.AppRoleAssignments.Get(tx, key); !ok {
			return fmt.Errorf("revoke: expected an app role assignment of this tenant, got %q; it may be gone already", id)
		}
		store.AppRoleAssignments.Delete(tx, key)
		return nil
	})
}
