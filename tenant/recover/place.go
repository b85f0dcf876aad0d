package recover

import (
	"context"
	"fmt"
	"strings"

	"app-to-app/azurecloud"
)

// checkPlace refuses a session in another tenant or subscription than the stack's:
// there, everything that the state has looks as if it were gone.
func (r *round) checkPlace(ctx context.Context) error {
	tenants, subscription := r.state.place()
	if own := r.live.session.SubscriptionID; subscription != "" && !strings.EqualFold(subscription, own) {
		return azurecloud.WithHint(fmt.Errorf("expected the stack's subscription %s, got %q: nothing was done", subscription, own),
			"export ARM_SUBSCRIPTION_ID="+subscription)
	}
	if len(tenants) == 0 {
		return nil
	}
	caller, err := r.live.graph().Caller(ctx)
	if err != nil {
		return err
	}
	for _, id := range tenants {
		if !strings.EqualFold(id, caller.TenantID) {
			return azurecloud.WithHint(fmt.Errorf("expected the stack's tenant %s, got %s: nothing was done", id, caller.TenantID),
				"sign in to the stack's tenant: ARM_TENANT_ID="+id)
		}
	}
	return nil
}

// place is where a stack is, as far as its state says: the export tenantId, the
// home of its service principals, and the ids of Resource Manager.
func (s *state) place() (tenants []string, subscription string) {
	for _, r := range s.resources() {
		outputs, _ := r.object["outputs"].(object)
		switch {
		case r.object["external"] == true:
			continue
		case r.kind() == "pulumi:pulumi:Stack":
			tenants = appendText(tenants, outputs, "tenantId")
		case r.kind() == servicePrincipalType:
			tenants = appendText(tenants, outputs, "applicationTenantId")
		}
		if parts := strings.Split(r.id(), "/"); r.kind() == groupType && len(parts) > 2 && parts[1] == "subscriptions" {
			subscription = parts[2]
		}
	}
	return tenants, subscription
}

func appendText(list []string, o object, name string) []string {
	if value := text(o, name); value != "" {
		list = append(list, value)
	}
	return list
}
