package acquire_test

import (
	"strings"
	"testing"

	"app-to-app/functions/internal/acquire"
)

// TestPrefix: errors name the app settings of the client that they are of.
func TestPrefix(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string]string{"": "ORDERS_CLIENT_ID: missing", "ORDERS": "ORDERS_CLIENT_ID: missing", "STOCK_ITEMS": "STOCK_ITEMS_CLIENT_ID: missing"} {
		config := acquire.ProviderConfig{Prefix: prefix, ClientSecret: acquire.NewSecret("x")}
		err := acquire.CheckTokenProviders([]string{"azidentity"}, config)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("prefix %q: got %v, want %q", prefix, err, want)
		}
		if _, err := acquire.NewTokenProviders([]string{"azidentity"}, config); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("prefix %q: got %v, want %q", prefix, err, want)
		}
	}
}
