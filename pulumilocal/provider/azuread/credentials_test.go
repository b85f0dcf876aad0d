package azuread_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"app-to-app/pulumilocal/provider/azuread"
	"app-to-app/pulumilocal/provider/enginetest"
)

func isSecret(value resource.PropertyValue, want string) bool {
	return value.IsSecret() && value.SecretValue().Element.IsString() && value.SecretValue().Element.StringValue() == want
}

func TestPasswordCallSequence(t *testing.T) {
	t.Parallel()
	graph, engine := newGraph(t)
	graph.start(engine)
	graph.objects["/applications/"+firstID] = object{"id": firstID}
	state := engine.MustCreate(passwordToken, "password", enginetest.Of(map[string]any{
		"applicationId": "/applications/" + firstID, "displayName": "client", "endDateRelative": "24h", "rotateWhenChanged": map[string]any{"month": "1"},
	}))
	get := "GET " + betaApp
	graph.expect("create", append([]string{get, "POST " + betaApp + "/addPassword"}, slices.Repeat([]string{get}, 6)...)...)
	if want := slices.Repeat([]time.Duration{time.Second}, 4); !slices.Equal(graph.waits, want) {
		t.Errorf("got waits %v, want %v", graph.waits, want)
	}
	credential := graph.bodies["POST"][0]["passwordCredential"].(object)
	if _, ok := credential["endDateTime"]; ok && credential["endDateTime"] != "2028-01-01T00:00:00Z" {
		t.Errorf("got end date %v sent, want endDateRelative ignored", credential["endDateTime"])
	}
	keyID := state.Outputs["keyId"].StringValue()
	if state.ID != firstID+"/password/"+keyID || !isSecret(state.Outputs["value"], "generated") {
		t.Errorf("got id %q, value %v, want a secret value", state.ID, state.Outputs["value"])
	}
	refreshed, err := engine.Refresh(state)
	if err != nil || !isSecret(refreshed.Outputs["value"], "generated") || !refreshed.Inputs.DeepEquals(state.Inputs) {
		t.Errorf("refresh: got value %v, inputs %v, error %v, want nothing changed", refreshed.Outputs["value"], refreshed.Inputs, err)
	}
	graph.taken()
	graph.waits = nil
	if err := engine.Delete(state); err != nil {
		t.Fatal(err)
	}
	graph.expect("delete", append([]string{"POST " + betaApp + "/removePassword"}, slices.Repeat([]string{get}, 5)...)...)
	if want := slices.Repeat([]time.Duration{20 * time.Millisecond}, 4); !slices.Equal(graph.waits, want) {
		t.Errorf("delete: got waits %v, want %v", graph.waits, want)
	}
}

func TestCertificateCallSequence(t *testing.T) {
	t.Parallel()
	graph, engine := newGraph(t)
	graph.start(engine)
	graph.objects["/applications/"+firstID] = object{"id": firstID, "keyCredentials": []any{object{"keyId": owner2ID}}}
	value := "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n"
	state := engine.MustCreate(certificateToken, "certificate", enginetest.Of(map[string]any{
		"applicationId": "/applications/" + firstID, "value": enginetest.Secret(value), "startDate": "2026-01-01T00:00:00Z", "endDateRelative": "48h",
	}))
	get, patch := "GET "+betaApp, "PATCH "+betaApp
	graph.expect("create", append([]string{get, patch}, slices.Repeat([]string{get}, 6)...)...)
	sent := list(graph.bodies["PATCH"][0]["keyCredentials"])
	if len(sent) != 2 {
		t.Fatalf("got %v sent, want both credentials", sent)
	}
	added := sent[1].(object)
	if added["key"] != base64.StdEncoding.EncodeToString([]byte(value)) || added["usage"] != "Verify" || added["type"] != "AsymmetricX509Cert" || added["endDateTime"] != "2026-01-03T00:00:00Z" {
		t.Errorf("got %v sent", added)
	}
	if !isSecret(state.Outputs["value"], value) {
		t.Error("got a value that is not secret, want it secret")
	}
	if err := engine.Delete(state); err != nil {
		t.Fatal(err)
	}
	graph.expect("delete", append([]string{get, patch}, slices.Repeat([]string{get}, 5)...)...)
}

func TestFederatedCallSequence(t *testing.T) {
	t.Parallel()
	graph, engine := newGraph(t)
	graph.start(engine)
	graph.objects["/applications/"+firstID] = object{"id": firstID}
	graph.next = 1
	inputs := map[string]any{"applicationId": "/applications/" + firstID, "displayName": "identity", "issuer": "https://issuer", "subject": "s", "audiences": []any{"api://AzureADTokenExchange"}}
	state := engine.MustCreate(federatedToken, "federated", enginetest.Of(inputs))
	all, one := betaApp+"/federatedIdentityCredentials", betaApp+"/federatedIdentityCredentials/"+secondID
	graph.expect("create", append(append([]string{"GET " + betaApp, "POST " + all}, slices.Repeat([]string{"GET " + all}, 5)...), "GET "+one)...)
	inputs["subject"] = "t"
	state, err := engine.Update(state, enginetest.Of(inputs))
	if err != nil || state.Outputs["subject"].StringValue() != "t" {
		t.Errorf("update: got %v, %v", state.Outputs, err)
	}
	graph.expect("update", "PATCH "+one, "GET "+one)
	if _, ok := graph.bodies["PATCH"][0]["name"]; ok {
		t.Error("update: got the name sent, want it left out")
	}
	if err := engine.Delete(state); err != nil {
		t.Fatal(err)
	}
	graph.expect("delete", append([]string{"DELETE " + one}, slices.Repeat([]string{"GET " + all}, 5)...)...)
}

func TestFunctions(t *testing.T) {
	t.Parallel()
	graph, engine := newGraph(t)
	graph.start(engine)
	graph.objects["/servicePrincipals/"+firstID] = object{"id": firstID, "appId": clientID, "displayName": "it's", "appRoles": []any{object{"id": roleID, "value": "Orders.Read"}}}
	graph.objects["/applications/"+firstID] = object{"id": firstID, "appId": clientID, "web": object{"homePageUrl": "https://home"}}
	principal, err := engine.Invoke("azuread:index/getServicePrincipal:getServicePrincipal", map[string]any{"clientId": clientID})
	if err != nil || principal["objectId"].StringValue() != firstID || principal["appRoleIds"].ObjectValue()["Orders.Read"].StringValue() != roleID {
		t.Errorf("getServicePrincipal: got %v, %v", principal, err)
	}
	graph.expect("getServicePrincipal", "GET /v1.0/servicePrincipals?$filter=appId eq '"+clientID+"'")
	if _, err := engine.Invoke("azuread:index/getServicePrincipal:getServicePrincipal", map[string]any{"displayName": "it's"}); err == nil {
		t.Error("quote: got one, want none: the fake does not know escapes")
	}
	graph.expect("quote", "GET /v1.0/servicePrincipals?$filter=displayName eq 'it''s'")
	several, err := engine.Invoke("azuread:index/getServicePrincipals:getServicePrincipals", map[string]any{"objectIds": []any{firstID}})
	if err != nil || len(several["servicePrincipals"].ArrayValue()) != 1 || several["clientIds"].ArrayValue()[0].StringValue() != clientID {
		t.Errorf("getServicePrincipals: got %v, %v", several, err)
	}
	graph.expect("getServicePrincipals", "GET /v1.0/servicePrincipals/"+firstID)
	if _, err := engine.Invoke("azuread:index/getServicePrincipals:getServicePrincipals", map[string]any{"displayNames": []any{"nobody"}}); err == nil {
		t.Error("getServicePrincipals of nobody: got some, want an error")
	}
	graph.expect("nobody", "GET /v1.0/servicePrincipals?$filter=displayName eq 'nobody'")
	if _, err := engine.Invoke("azuread:index/getServicePrincipals:getServicePrincipals", map[string]any{"returnAll": true}); err == nil || !strings.Contains(err.Error(), "does not emulate returnAll") {
		t.Errorf("getServicePrincipals of all: got %v, want it to be unemulated", err)
	}
	application, err := engine.Invoke("azuread:index/getApplication:getApplication", map[string]any{"objectId": firstID})
	if err != nil || application["clientId"].StringValue() != clientID || len(application["webs"].ArrayValue()) != 1 {
		t.Errorf("getApplication: got %v, %v", application, err)
	}
	graph.expect("getApplication", "GET "+betaApp, "GET "+betaApp+"/owners?$select=id")
	graph.waits = nil
	if _, err := engine.Invoke("azuread:index/getApplication:getApplication", map[string]any{"objectId": secondID}); err == nil || len(graph.waits) != 0 {
		t.Errorf("nothing there: got %v after waits %v, want an error at once", err, graph.waits)
	}
}

// selfSigned makes a key and its certificate, valid for a year.
func selfSigned(t *testing.T) (*rsa.PrivateKey, []byte) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "deployer"}, NotBefore: time.Now(), NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return key, der
}

func TestSignInByCertificate(t *testing.T) {
	t.Parallel()
	graph, engine := newGraph(t)
	key, der := selfSigned(t)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	pem.Encode(&file, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	pem.Encode(&file, &pem.Block{Type: "PRIVATE KEY", Bytes: private})
	path := filepath.Join(t.TempDir(), "deployer.pem")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	config := graph.config()
	config["clientCertificatePath"] = path // wins over the secret
	engine.MustConfigure(config)
	parts := strings.Split(graph.form.Get("client_assertion"), ".")
	if len(parts) != 3 || graph.form.Has("client_secret") {
		t.Fatalf("got form with names %v, want an assertion only", len(graph.form))
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], signature); err != nil {
		t.Errorf("verify assertion: %v", err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	if want := graph.server.URL + "/" + tenantID + "/oauth2/v2.0/token"; claims["aud"] != want || claims["iss"] != clientID || claims["sub"] != clientID {
		t.Errorf("got claims %v, want audience %s and the client id", claims, want)
	}
}

func TestSignInByOIDC(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("from-a-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	github := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer request-token" || r.URL.Query().Get("audience") != "api://AzureADTokenExchange" {
			http.Error(w, "who?", http.StatusUnauthorized)
			return
		}
		answer(w, http.StatusOK, object{"value": "from-github"})
	}))
	t.Cleanup(github.Close)
	for _, test := range []struct {
		name   string
		config map[string]any
		want   string
	}{
		{"token", map[string]any{"oidcToken": "given"}, "given"},
		{"file", map[string]any{"oidcTokenFilePath": path}, "from-a-file"},
		{"request", map[string]any{"oidcRequestUrl": github.URL + "?v=1", "oidcRequestToken": "request-token"}, "from-github"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			graph, engine := newGraph(t)
			config := graph.config()
			delete(config, "clientSecret")
			config["useOidc"] = "true" // explicit providers send booleans as texts
			for name, value := range test.config {
				config[name] = value
			}
			engine.MustConfigure(config)
			if got := graph.form.Get("client_assertion"); got != test.want {
				t.Errorf("got another assertion than %q", test.want)
			}
		})
	}
}

func TestSignInByManagedIdentity(t *testing.T) {
	graph := &fakeGraph{t: t, claims: object{"oid": callerID, "tid": tenantID, "appid": clientID}, bodies: map[string][]object{}, faults: map[string][]fault{}}
	graph.server = httptest.NewTLSServer(graph)
	t.Cleanup(graph.server.Close)
	identity := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if r.Header.Get("X-IDENTITY-HEADER") != "header" || query.Get("resource") != graph.server.URL || query.Get("client_id") != clientID || query.Get("api-version") != "2019-08-01" {
			http.Error(w, "who?", http.StatusBadRequest)
			return
		}
		answer(w, http.StatusOK, object{"access_token": graph.token(), "token_type": "Bearer", "expires_in": "86400", "expires_on": "4102444800"})
	}))
	t.Cleanup(identity.Close)
	t.Setenv("IDENTITY_ENDPOINT", identity.URL) // the platform's, which azidentity reads itself
	t.Setenv("IDENTITY_HEADER", "header")
	environ := map[string]string{"ARM_USE_MSI": "true", "ARM_CLIENT_ID": clientID, "ARM_METADATA_HOSTNAME": graph.host()}
	options := graph.options()
	options.Getenv = func(name string) string { return environ[name] }
	engine := enginetest.New(t, azuread.New(options))
	engine.MustConfigure(nil)
	config, err := engine.Invoke("azuread:index/getClientConfig:getClientConfig", nil)
	if err != nil || config["tenantId"].StringValue() != tenantID || config["objectId"].StringValue() != callerID {
		t.Errorf("got %v, %v, want tenant and object id from the token", config, err)
	}
}
