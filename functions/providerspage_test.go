package functions_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestTokenProvidersPage: the page has the table that is tested.
func TestTokenProvidersPage(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../docs/token-providers.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := credentialTable(cells); !strings.Contains(string(readme), "\n\n"+want+"\n") {
		t.Errorf("expected this table in docs/token-providers.md:\n%s", want)
	}
	for _, cell := range cells {
		works := strings.HasPrefix(cell.says, "works")
		tested := len(cell.ways) > 0 || cell.credential == "azureCli" && slices.Contains(cliProviders, cell.provider)
		if works != tested {
			t.Errorf("%s with %s: the page says %q, which no test shows", cell.credential, cell.provider, cell.says)
		}
		if !works && len(cell.refused) == 0 && !slices.Contains(cliRefused, cell.provider) {
			t.Errorf("%s with %s: the page says %q, which no test shows", cell.credential, cell.provider, cell.says)
		}
	}
}

// credentialTable is the table in Markdown: a row for each credential, a column
// for each provider.
func credentialTable(cells []cell) string {
	var credentials, providers []string
	says := map[string]string{}
	for _, cell := range cells {
		if !slices.Contains(credentials, cell.credential) {
			credentials = append(credentials, cell.credential)
		}
		if !slices.Contains(providers, cell.provider) {
			providers = append(providers, cell.provider)
		}
		says[cell.credential+" "+cell.provider] = cell.says
	}
	var text strings.Builder
	line := func(first string, rest []string) {
		fmt.Fprintf(&text, "| %s | %s |\n", first, strings.Join(rest, " | "))
	}
	var heads, rules []string
	for _, provider := range providers {
		heads, rules = append(heads, "`"+provider+"`"), append(rules, "---")
	}
	line("credential", heads)
	line("---", rules)
	for _, credential := range credentials {
		var row []string
		for _, provider := range providers {
			row = append(row, says[credential+" "+provider])
		}
		line("`"+credential+"`", row)
	}
	return text.String()
}
