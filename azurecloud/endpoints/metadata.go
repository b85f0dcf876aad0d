package endpoints

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// metadataPath is where the azuread provider 5.53.5 asks for the document
// (go-azure-sdk, sdk/internal/metadata).
const metadataPath = "/metadata/endpoints?api-version=2022-09-01"

// A Document is the metadata document of a cloud, which its Resource Manager
// publishes. Addresses have no slash at the end; audiences are as written. A
// member that the document lacks is empty: see [Document.Require].
type Document struct {
	Name            string
	ResourceManager string
	Graph           string
	LoginEndpoint   string
	Audiences       []string // of Resource Manager

	// FunctionsPlatform is a member of our own, which no cloud of Microsoft's has:
	// see [FunctionsPlatform].
	FunctionsPlatform string
}

// A NotAHostError is an address where a host was expected.
type NotAHostError struct{ Meant string } // the host

func (e *NotAHostError) Error() string {
	return fmt.Sprintf("expected a host without https://, such as %s", e.Meant)
}

// ReadMetadata asks a Resource Manager, by its host and port, for its cloud's
// metadata document. It asks once; the context limits how long it waits.
func ReadMetadata(ctx context.Context, httpClient *http.Client, host string) (Document, error) {
	if _, rest, found := strings.Cut(host, "://"); found {
		return Document{}, &NotAHostError{Meant: strings.TrimRight(rest, "/")}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+host+metadataPath, nil)
	if err != nil {
		return Document{}, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := httpClient.Do(req)
	if err != nil {
		var failed *url.Error // drop the URL: callers say what was asked
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return Document{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return Document{}, fmt.Errorf("expected status 200, got %s", resp.Status)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return Document{}, err
	}
	var members struct {
		Name            string `json:"name"`
		ResourceManager string `json:"resourceManager"`
		Graph           string `json:"microsoftGraphResourceId"`
		Authentication  struct {
			LoginEndpoint string   `json:"loginEndpoint"`
			Audiences     []string `json:"audiences"`
		} `json:"authentication"`
		FunctionsPlatform string `json:"appToAppFunctionsPlatform"`
	}
	// Azure Stack starts the document with a byte order mark.
	if err := json.Unmarshal([]byte(strings.TrimPrefix(string(body), "\uFEFF")), &members); err != nil {
		return Document{}, fmt.Errorf("expected the cloud's endpoints as JSON: %w", err)
	}
	trim := func(address string) string { return strings.TrimRight(address, "/") }
	return Document{
		Name: members.Name, ResourceManager: trim(members.ResourceManager), Graph: trim(members.Graph),
		LoginEndpoint: trim(members.Authentication.LoginEndpoint), Audiences: members.Authentication.Audiences,
		FunctionsPlatform: members.FunctionsPlatform,
	}, nil
}

// The members that a caller can require.
const (
	Name            = "name"
	ResourceManager = "resourceManager"
	Graph           = "microsoftGraphResourceId"
	LoginEndpoint   = "authentication.loginEndpoint"
	Audiences       = "authentication.audiences"
)

// Require is an error naming those of the members that the document lacks, or
// nil.
func (d Document) Require(members ...string) error {
	has := map[string]bool{
		Name: d.Name != "", ResourceManager: d.ResourceManager != "", Graph: d.Graph != "",
		LoginEndpoint: d.LoginEndpoint != "", Audiences: len(d.Audiences) > 0,
	}
	var problems []error
	for _, member := range members {
		if !has[member] {
			problems = append(problems, fmt.Errorf("expected %s in the cloud's endpoints, got none", member))
		}
	}
	return errors.Join(problems...)
}
