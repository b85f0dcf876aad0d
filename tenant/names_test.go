package tenant_test

import (
	"testing"

	"app-to-app/tenant"
)

func TestLookUp(t *testing.T) {
	t.Parallel()
	s := newStack(newWorld(t))
	identity, secret := s.clients["assigned"], s.clients["secret"]
	if identity == nil || secret == nil {
		t.Fatalf("got clients %v", s.clients)
	}
	const nobody = "99999999-0000-4000-8000-000000000001"
	found, err := tenant.LookUp(t.Context(), s.session, []string{identity.ObjectID, secret.ObjectID, secret.ClientID, secret.ApplicationObjectID, nobody})
	if err != nil {
		t.Fatal(err)
	}
	for id, kind := range map[string]string{
		identity.ObjectID: "managed identity", secret.ObjectID: "service principal", secret.ClientID: "service principal", secret.ApplicationObjectID: "application",
	} {
		if got := found[id]; got.Kind != kind || got.DisplayName == "" {
			t.Errorf("%s: got %+v, want a %s with its name", id, got, kind)
		}
	}
	if got, known := found[nobody]; known {
		t.Errorf("got %+v for an id of nobody", got)
	}
}
