package arm

import (
	"slices"
	"strings"
)

// This file lists the regions that offer a plan size:
// learn.microsoft.com/rest/api/appservice/list-geo-regions. Which regions lack
// Flex Consumption changes over time
// (learn.microsoft.com/azure/azure-functions/flex-consumption-how-to, "View
// currently supported regions"); the sandbox leaves out one on purpose,
// whatever the real list says, so that a check for it can fail. The text of the
// refusal is a guess.

var withoutFlex = []string{"westcentralus"}

func offersFlex(location string) bool {
	return !slices.Contains(withoutFlex, canonicalLocation(location))
}

// listRegions shows the regions that offer a size, or all.
func (c *call) listRegions() (reply, error) {
	sku := c.r.URL.Query().Get("sku")
	if sku != "" && !strings.EqualFold(sku, "FlexConsumption") {
		return reply{}, unemulated("the regions of the sku %q", sku)
	}
	var items []map[string]any
	for _, l := range locations {
		if sku != "" && !offersFlex(l.name) {
			continue
		}
		items = append(items, map[string]any{
			"id": c.subscriptionID() + "/providers/Microsoft.Web/geoRegions/" + l.display, "name": l.display, "type": "Microsoft.Web/geoRegions",
			"properties": map[string]any{"displayName": l.display, "description": nil},
		})
	}
	return ok(values(items))
}
