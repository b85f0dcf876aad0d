package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"app-to-app/pulumilocal/deployer"
)

// This file shows the last screen: who called whom as whom, the orders, and what
// was left. It has at most 20 lines, so that a terminal of 24 shows all of it.

// shownClients is how many clients fit on the screen, with two lines each.
const shownClients = 2

func (d *demonstration) summary(called []clientResult, destroyed bool) error {
	var text strings.Builder
	fmt.Fprintf(&text, "\n%s\n", d.screen.paint(bold, "Who called whom, as whom: object ids as "+d.api+" saw them"))
	d.picture(&text, called)
	if err := showOrders(&text, d.report.Orders); err != nil {
		return err
	}
	if destroyed {
		text.WriteString(leftLines(d.report.LeftBehind, d.report.RecycleBin))
	}
	took := d.report.Seconds
	fmt.Fprintf(&text, "Took %.0f s: neighbour %.0f s, up %.0f s, preview %.0f s",
		time.Since(d.start).Seconds(), took.Neighbour, took.Up, took.Preview)
	if !destroyed {
		text.WriteString(".\n")
	} else {
		fmt.Fprintf(&text, ", destroy %.0f s.\n", took.Destroy)
		text.WriteString("Next, with your own changes: go run ./cmd/sandbox serve\n")
	}
	d.screen.say("%s", text.String())
	return nil
}

// picture has an arrow for each client, and one that ends at the door.
func (d *demonstration) picture(text *strings.Builder, called []clientResult) {
	more := ""
	if len(called) > shownClients {
		more = fmt.Sprintf("  and %d more, who got theirs too\n", len(called)-shownClients)
		called = called[:shownClients]
	}
	width := 0
	for _, c := range called {
		r := c.results[0]
		arrow := fmt.Sprintf("──[ %s ]──▶", strings.Join(r.Caller.Roles, ", "))
		width = max(width, utf8.RuneCountInString(arrow))
		fmt.Fprintf(text, "  %-22s %s %s: %s\n", c.client, d.screen.paint(green, arrow), d.api, plural(len(r.Orders), "order"))
		fmt.Fprintf(text, "    %s  %s, %s\n", r.Caller.ObjectID, r.Credential, libraries(c.results))
	}
	text.WriteString(more)
	fmt.Fprintf(text, "  %-22s %s %s: %d\n\n", "anybody, no token", d.screen.paint(red, strings.Repeat("─", width-1)+"✗"), d.api, d.refused)
}

// libraries names the token library, or counts them.
func libraries(results []result) string {
	if len(results) == 1 {
		return results[0].TokenProvider
	}
	return fmt.Sprintf("%d token libraries", len(results))
}

// showOrders writes a table of orders.
func showOrders(text *strings.Builder, orders []json.RawMessage) error {
	table := tabwriter.NewWriter(text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  id\tdate\tregion\trep\titem\tunits\tunitCost\ttotal")
	for _, data := range orders {
		var o map[string]any
		decoder := json.NewDecoder(strings.NewReader(string(data)))
		decoder.UseNumber() // show amounts as they came
		if err := decoder.Decode(&o); err != nil {
			return fmt.Errorf("read an order: %w", err)
		}
		fmt.Fprintf(table, "  %v\t%v\t%v\t%v\t%v\t%v\t%v\t%v\n", o["id"], o["date"], o["region"], o["rep"], o["item"], o["units"], o["unitCost"], o["total"])
	}
	return table.Flush()
}

// leftLines say what destroy left, by the lists of Graph and ARM.
func leftLines(left deployer.Inventory, bin deployer.Bin) string {
	return fmt.Sprintf("\nLeft behind: %d resources, %d resource groups, %d role assignments,\n"+
		"  %d app registrations, %d service principals, %d app role assignments.\n"+
		"In the recycle bins: %s, %s, %s.\n",
		left.Resources, left.ResourceGroups, left.RoleAssignments, left.Applications, left.ServicePrincipals, left.AppRoleAssignments,
		plural(bin.Applications, "app registration"), plural(bin.ServicePrincipals, "service principal"), plural(bin.Vaults, "vault"))
}
