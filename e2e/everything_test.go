package e2e_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"app-to-app/sandbox/store"
)

// everything is all that the sandbox holds and clients can make, recycle bins
// included, a line each and sorted. What differs from run to run is masked.
func (w *world) everything() (lines []string) {
	w.t.Helper()
	err := w.sandbox.Store().View(func(tx *store.Tx) error {
		lines = slices.Concat(
			linesOf(tx, "application", store.Applications), linesOf(tx, "service principal", store.ServicePrincipals),
			linesOf(tx, "app role assignment", store.AppRoleAssignments), linesOf(tx, "role assignment", store.RoleAssignments),
			linesOf(tx, "resource", store.Resources), linesOf(tx, "diagnostic setting", store.DiagnosticSettings),
			linesOf(tx, "vault secret", store.VaultSecrets))
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}

func linesOf[T any](tx *store.Tx, kind string, c store.Collection[T]) (lines []string) {
	for _, one := range c.All(tx, "") {
		data, err := json.Marshal(one)
		if err != nil {
			data = fmt.Append(nil, err)
		}
		for _, mask := range masks {
			data = mask.pattern.ReplaceAll(data, []byte(mask.by))
		}
		lines = append(lines, kind+" "+string(data))
	}
	return lines
}

// masks are what is random, or the time of the run.
var masks = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{regexp.MustCompile(`"(Hint|Value|CustomKeyIdentifier)":"([^"\\]|\\.)*"`), "SECRET"}, // first, so that none is printed
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?`), "TIME"},
	{regexp.MustCompile(`[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}`), "GUID"},
	{regexp.MustCompile(`,"resourceAccessRules":\[\]`), ""}, // what an account has once it was updated
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "HOST"},
	{regexp.MustCompile(`[A-Za-z0-9+/_~.=-]{40,}`), "LONG"},
	{regexp.MustCompile(`[0-9a-f]{7,}`), "HEX"},
}
