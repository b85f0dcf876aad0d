package sandbox_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"app-to-app/pulumilocal/deployer"
	"app-to-app/sandbox"
	"app-to-app/sandbox/sandboxtest"
	"app-to-app/sandbox/store"
)

// issueSome gets a token and a client secret from the sandbox.
func issueSome(t *testing.T, s *sandbox.Sandbox) (token, secret string) {
	t.Helper()
	tenant := s.Tenants()[0]
	resp, err := s.HTTPClient().PostForm(s.BaseURL+"/"+tenant.ID+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "scope": {"https://graph.microsoft.com/.default"},
		"client_id": {tenant.Deployer.ClientID}, "client_secret": {tenant.Deployer.Secret},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	azure, err := deployer.New(t.Context(), s, tenant)
	if err != nil {
		t.Fatal(err)
	}
	var app struct{ ID string }
	var credential struct{ SecretText string }
	err = azure.Do(t.Context(), "POST", "/v1.0/applications", map[string]any{"displayName": "it"}, &app)
	if err == nil {
		err = azure.Do(t.Context(), "POST", "/v1.0/applications/"+app.ID+"/addPassword", map[string]any{}, &credential)
	}
	if err != nil {
		t.Fatal(err)
	}
	return answer.AccessToken, credential.SecretText
}

func TestIssuedSecretsAreAvailableOnlyFromGo(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	token, secret := issueSome(t, s)
	issued, err := s.Issued()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(issued.AccessTokens, token) || !slices.Contains(issued.ClientSecrets, secret) {
		t.Error("the token or the client secret that was given out is not among those issued")
	}
	for _, tenant := range s.Tenants() {
		if !slices.Contains(issued.ClientSecrets, tenant.Deployer.Secret) {
			t.Errorf("the secret of the deployer of %s is not among those issued", tenant)
		}
	}
	if len(issued.Own) == 0 {
		t.Error("got no secret of the sandbox itself, want at least the control endpoint's token")
	}
	_, history := controlled(t, s, "GET", "/history", "", nil)
	var leaks sandboxtest.Leaks
	leaks.Issued(t, s)
	leaks.Look(t, "the history", history)
	notOnDisk(t, s.Dir, token, secret)
}

// notOnDisk looks for values in every file of a directory.
func notOnDisk(t *testing.T, dir string, values ...string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		for _, value := range values {
			if bytes.Contains(content, []byte(value)) {
				t.Errorf("%s contains an issued secret", path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// After a restart the secrets that a site still has are known. Those that it no
// longer has are known until the sandbox stops.
func TestIssuedSecretsOfSites(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := sandboxtest.Start(t, sandboxtest.Options{Options: sandbox.Options{Dir: dir}})
	var site store.Site
	const id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/it"
	err := first.Store().Update(func(tx *store.Tx) (err error) {
		site, err = first.Apps().Create(tx, id, first.Tenants()[0].ID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	check := func(s *sandbox.Sandbox) {
		t.Helper()
		issued, err := s.Issued()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(issued.FunctionKeys, site.MasterKey) || !slices.Contains(issued.FunctionKeys, site.HostKeys["default"]) ||
			!slices.Equal(issued.IdentityHeaders, []string{site.IdentityHeader}) {
			t.Errorf("got %d function keys and %d identity headers, want those of the site", len(issued.FunctionKeys), len(issued.IdentityHeaders))
		}
	}
	check(first)
	if err := first.Store().Update(func(tx *store.Tx) error { store.Sites.Delete(tx, store.ResourceKey(id)); return nil }); err != nil {
		t.Fatal(err)
	}
	check(first)
	if err := first.Store().Update(func(tx *store.Tx) error { store.Sites.Put(tx, store.ResourceKey(id), site); return nil }); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := sandboxtest.Start(t, sandboxtest.Options{Options: sandbox.Options{Dir: dir}})
	check(second)
}

// TestForgottenSecrets: a sandbox that keeps none says so, instead of an empty list.
func TestForgottenSecrets(t *testing.T) {
	t.Parallel()
	s, err := sandbox.Start(t.Context(), sandbox.Options{Dir: t.TempDir(), ForgetIssued: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	issueSome(t, s)
	if issued, err := s.Issued(); err == nil || len(issued.AccessTokens) > 0 {
		t.Errorf("got %d tokens, %v, want none and an error", len(issued.AccessTokens), err)
	}
}
