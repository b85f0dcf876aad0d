package spelling_test

import (
	"testing"

	"app-to-app/spelling"
)

func TestClosest(t *testing.T) {
	t.Parallel()
	environments := []string{"dev", "test", "prod"}
	kinds := []string{"managedIdentity", "systemAssigned", "federated", "certificate", "clientSecret", "existing"}
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
		{"managedidentiy", kinds, "managedIdentity"},
		{"system", kinds, "systemAssigned"},
		{"Orders.Raed", []string{"Orders.Read", "Orders.Road"}, ""},
		{"Orders", []string{"Orders.Read", "Orders.Write"}, ""},
		{"westeurop", []string{"westeurope", "northeurope", "westus"}, "westeurope"},
		{"orders.read", []string{"Orders.Read", "orders.reads"}, "Orders.Read"},
	} {
		t.Run(tt.value, func(t *testing.T) {
			t.Parallel()
			if got := spelling.Closest(tt.value, tt.possible); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
