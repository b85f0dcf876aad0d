package main

import (
	"strings"
	"testing"
	"time"

	"app-to-app/components/credentials"
	"app-to-app/settings"
)

func TestChanges(t *testing.T) {
	t.Parallel()
	client := func(kind string, roles ...string) []settings.Client {
		return []settings.Client{{Name: "orders-client", Identity: settings.Identity{Kind: kind}, Roles: roles}}
	}
	was := func(kind string, roles ...string) granted {
		return granted{Client: "orders-client", Identity: kind, ObjectID: partnerID, Roles: roles}
	}
	expiring := func(days int) granted {
		g := was("clientSecret", "Orders.Read")
		g.Credentials = append(g.Credentials, struct{ Kind, ID, ExpiresOn string }{"clientSecret", "key-1", today.AddDate(0, 0, days).Format(time.RFC3339)})
		return g
	}
	rotating := func(days int) []settings.Client {
		clients := client("clientSecret", "Orders.Read")
		rotation, err := credentials.RotationAt(today, time.Duration(days)*24*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		clients[0].Identity.Rotation = rotation
		return clients
	}
	for _, tt := range []struct {
		name    string
		last    []granted
		clients []settings.Client
		want    []string // one for each warning
	}{
		{"the first update", nil, client("managedIdentity", "Orders.Read"), nil},
		{"no change", []granted{was("managedIdentity", "Orders.Read")}, client("managedIdentity", "Orders.Read"), nil},
		{"a role added", []granted{was("managedIdentity")}, client("managedIdentity", "Orders.Read"), []string{"is given Orders.Read: its managed identity may hold a token without the role for up to 24 hours"}},
		{"a role removed", []granted{was("systemAssigned", "Orders.Read")}, client("systemAssigned"), []string{"loses Orders.Read", "app-to-app:blockedCallers[0]' " + partnerID}},
		{"a role added and one removed", []granted{was("managedIdentity", "A")}, client("managedIdentity", "B"), []string{"is given B", "loses A"}},
		{"an app registration gets new tokens within the hour", []granted{was("clientSecret")}, client("clientSecret", "Orders.Read"), nil},
		{"a new identity has no old tokens", []granted{was("clientSecret")}, client("managedIdentity", "Orders.Read"), nil},
		{"a client that is removed", []granted{was("managedIdentity", "Orders.Read")}, nil, nil},
		{"a secret with time left", []granted{expiring(31)}, client("clientSecret", "Orders.Read"), nil},
		{"a secret that expires", []granted{expiring(30)}, client("clientSecret", "Orders.Read"), []string{"its clientSecret key-1 expires on 2026-12-25"}},
		{"a secret with a short rotation period, not due yet", []granted{expiring(5)}, rotating(8), nil},
		{"a secret with a short rotation period, overdue", []granted{expiring(4)}, rotating(8), []string{"its clientSecret key-1 expires on 2026-11-29"}},
		{"a secret with a long rotation period", []granted{expiring(31)}, rotating(90), nil},
		{"a secret that expired", []granted{expiring(0)}, client("clientSecret", "Orders.Read"), []string{"its clientSecret key-1 expired on 2026-11-25"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := changes(tt.last, tt.clients, today)
			if len(tt.want) == 0 && len(got) > 0 {
				t.Errorf("got %q, want none", got)
			}
			for _, want := range tt.want {
				if !strings.Contains(strings.Join(got, "\n"), want) {
					t.Errorf("got %q, want %q in it", got, want)
				}
			}
		})
	}
}
