package arm

import (
	"net/http"
	"slices"
	"strings"

	"app-to-app/sandbox/store"
)

// A location is an Azure region. Every type is available in every region.
type location struct{ name, display string }

var locations = []location{
	{"australiaeast", "Australia East"}, {"brazilsouth", "Brazil South"}, {"canadacentral", "Canada Central"},
	{"centralindia", "Central India"}, {"centralus", "Central US"}, {"eastasia", "East Asia"},
	{"eastus", "East US"}, {"eastus2", "East US 2"}, {"francecentral", "France Central"},
	{"germanywestcentral", "Germany West Central"}, {"italynorth", "Italy North"}, {"japaneast", "Japan East"},
	{"koreacentral", "Korea Central"}, {"northcentralus", "North Central US"}, {"northeurope", "North Europe"},
	{"norwayeast", "Norway East"}, {"polandcentral", "Poland Central"}, {"southafricanorth", "South Africa North"},
	{"southcentralus", "South Central US"}, {"southeastasia", "Southeast Asia"}, {"spaincentral", "Spain Central"},
	{"swedencentral", "Sweden Central"}, {"switzerlandnorth", "Switzerland North"}, {"uaenorth", "UAE North"},
	{"uksouth", "UK South"}, {"ukwest", "UK West"}, {"westcentralus", "West Central US"},
	{"westeurope", "West Europe"}, {"westus", "West US"}, {"westus2", "West US 2"}, {"westus3", "West US 3"},
}

func locationNames() []string {
	names := make([]string, 0, len(locations))
	for _, l := range locations {
		names = append(names, l.name)
	}
	return names
}

func displayOf(name string) string {
	if i := slices.IndexFunc(locations, func(l location) bool { return l.name == name }); i >= 0 {
		return locations[i].display
	}
	return name
}

// canonicalLocation is a location's name: westeurope for "West Europe".
func canonicalLocation(name string) string { return strings.ToLower(strings.ReplaceAll(name, " ", "")) }

// checkLocation returns the canonical location of a resource. It must exist,
// and must not change.
func (t *resourceType) checkLocation(given, name string, group store.Resource, old *store.Resource) (string, error) {
	where := canonicalLocation(given)
	if !slices.Contains(locationNames(), where) {
		return "", refuse(http.StatusBadRequest, "LocationNotAvailableForResourceType",
			"The provided location '%s' is not available for resource type '%s'. List of available regions for the resource type is '%s'.",
			given, t.name, strings.Join(locationNames(), ","))
	}
	if old != nil && old.Location != where {
		return "", refuse(http.StatusConflict, "InvalidResourceLocation",
			"The resource '%s' already exists in location '%s' in resource group '%s'. A resource with the same name cannot be created in location '%s'. Please select a new resource name.",
			name, old.Location, group.Name, where)
	}
	return where, nil
}
