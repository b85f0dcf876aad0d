package arm

import "net/http"

// This file implements the metadata document: where clients sign in, and where
// Graph and ARM are. azuread's go-azure-sdk reads version 2022-09-01 as one
// cloud, the Azure CLI 2019-05-01 as a list, and Azure Stack's tools 2015-01-01
// in its older form. The addresses of ARM and Graph end in a slash and the
// login endpoint's does not, as in the document of the public cloud: some
// commands of the Azure CLI append "subscriptions/…" to the first as it is.
// Suffixes are under .invalid (RFC 6761) on purpose: a client that builds host
// names from them fails at once; the endpoints that resources return work.
//
// Where function apps run on something else than Azure's linux/amd64, the document
// has one member more on purpose, [PlatformMember], so that a program can build for
// the machine that the sandbox runs on. On linux/amd64 the document has Azure's
// members alone. Clients ignore members that they do not know: it is an open JSON
// object, to which Azure has added members before.

// PlatformMember is the member with the platform of function apps, as GOOS/GOARCH.
const PlatformMember = "appToAppFunctionsPlatform"

// azurePlatform is that of Azure
// (https://learn.microsoft.com/azure/azure-functions/functions-custom-handlers).
const azurePlatform = "linux/amd64"

const (
	storageSuffix  = "storage.sandbox.invalid"
	keyVaultSuffix = "vault.sandbox.invalid"
)

func (s *Service) metadata(w http.ResponseWriter, r *http.Request) {
	base, graph, login := s.config.BaseURL, s.config.GraphURL, s.config.AuthorityHost
	audiences := []string{"https://management.core.windows.net/", "https://management.azure.com/"}
	document := map[string]any{
		"name":                     "Sandbox",
		"portal":                   base,
		"resourceManager":          base + "/",
		"microsoftGraphResourceId": graph + "/",
		"graph":                    graph,
		"graphAudience":            graph,
		"authentication":           map[string]any{"loginEndpoint": login, "audiences": audiences, "tenant": "common", "identityProvider": "AAD"},
		"suffixes":                 map[string]any{"storage": storageSuffix, "keyVaultDns": keyVaultSuffix},
		"media":                    base,
		"gallery":                  base,
		"batch":                    base,
		"activeDirectoryDataLake":  base,
		"sqlManagement":            base,
	}
	if platform := s.config.Platform; platform != "" && platform != azurePlatform {
		document[PlatformMember] = platform
	}
	switch version := r.URL.Query().Get("api-version"); version {
	case "":
		s.refuse(w, r, http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.")
	case "2022-09-01":
		writeJSON(w, r, http.StatusOK, document)
	case "2019-05-01", "2018-05-01":
		writeJSON(w, r, http.StatusOK, []any{document})
	case "2015-01-01":
		writeJSON(w, r, http.StatusOK, map[string]any{
			"galleryEndpoint": base, "graphEndpoint": graph, "portalEndpoint": base,
			"authentication": map[string]any{"loginEndpoint": login + "/", "audiences": audiences},
		})
	default:
		s.fail(w, r, unemulated("metadata version %q", version))
	}
}
