package settings

import "testing"

func TestClosest(t *testing.T) {
	t.Parallel()
	environments := []string{"dev", "test", "prod"}
	for _, tt := range []struct {
		value    string
		possible []string
		want     string
	}{
		{"PROD", environments, "prod"},
		{"production", environments, "prod"},
		{"development", environments, "dev"},
		{"tset", environments, "test"},
		{"staging", environments, ""},
		{"de", environments, ""},
		{"", environments, ""},
		{"managedidentiy", IdentityKinds, "managedIdentity"},
		{"system", IdentityKinds, "systemAssigned"},
		{"Orders.Raed", []string{"Orders.Read", "Orders.Road"}, ""},
		{"Orders", []string{"Orders.Read", "Orders.Write"}, ""},
		{"orders.read", []string{"Orders.Read", "orders.reads"}, "Orders.Read"},
	} {
		t.Run(tt.value, func(t *testing.T) {
			t.Parallel()
			if got := closest(tt.value, tt.possible); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
