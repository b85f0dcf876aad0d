package arm

import (
	"slices"
	"strings"
)

// This file is the regions that offer a size of plan:
// learn.microsoft.com/rest/api/appservice/list-geo-regions. Which regions lack
// Flex Consumption changes over time
// (learn.microsoft.com/azure/azure-functions/flex-consumption-how-to, "View
// currently supported regions"); the sandbox leaves out one, on purpose and not
// after the real list, so that a check for it can fail. The text of the refusal
// of a plan there is not known.

var withoutFlex = []string{"westcentralus"}

func offersFlex(location string) bool { return !slices.Contains(withoutFlex, plain(location)) }

// listRegions shows the regions for a size, or all.
func (c *call) listRegions() (reply, error) {
	if err := supported(c.version, webVersions); err != nil {
		return reply{}, err
	}
	sku := c.r.URL.Query().Get("sku")
	if sku != "" && !strings.EqualFold(sku, "FlexConsumption") {
		return reply{}, unknown("the regions of the sku %q", sku)
	}
	var items []map[string]any
	for _, l := range locations {
		if sku != "" && !offersFlex(l.name) {
			continue
		}
		items = append(items, map[string]any{
			"id": c.subscriptionID() + "/providers/Microsoft.Web/geoRegions/" + l.display, "name": l.display, "type": "Microsoft.Web/geoRegions",
			"properties": map[string]any{"name": l.display, "displayName": l.display, "description": nil},
		})
	}
	return ok(values(items))
}
