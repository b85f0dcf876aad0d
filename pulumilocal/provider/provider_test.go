package provider_test

import (
	"strings"
	"testing"

	"app-to-app/pulumilocal/provider"
)

func TestServeRefusesOtherNames(t *testing.T) {
	t.Parallel()
	if err := provider.Serve("aws"); err == nil || !strings.Contains(err.Error(), `got "aws"`) {
		t.Errorf("got %v, want a refusal naming it", err)
	}
}
