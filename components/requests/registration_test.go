package requests_test

import (
	"reflect"
	"strings"
	"testing"

	"app-to-app/components/requests"
)

const (
	owner   = "11111111-0000-4000-8000-000000000007"
	issuer  = "https://login.example.test/" + tenantID + "/v2.0"
	credits = "11111111-0000-4000-8000-000000000008"
)

// asking is a file whose second client asks for an app registration.
func asking() requests.File {
	f := file()
	f.Requests = append(f.Requests, requests.Request{Client: "returns", Identity: "federated", Roles: f.Requests[0].Roles, Registration: &requests.Registration{
		DisplayName: "returns (billing-dev)", Owners: []string{owner}, Issuer: issuer, Subject: principal, Audience: "api://AzureADTokenExchange",
	}})
	return f
}

func TestARequestForARegistration(t *testing.T) {
	t.Parallel()
	text, err := asking().Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := requests.Parse(text)
	if err != nil || !reflect.DeepEqual(got, asking()) {
		t.Errorf("got %+v, %v, want %+v", got, err, asking())
	}
	if strings.Count(string(text), "principalId") != 1 || strings.Count(string(text), `"registration"`) != 1 {
		t.Errorf("got a principal or a registration where there is none:\n%s", text)
	}
	for _, tt := range []struct{ name, old, new, want string }{
		{"a secret", `"issuer"`, `"clientSecret": "x", "issuer"`, `unknown field "clientSecret"`},
		{"another credential", `"identity": "federated"`, `"identity": "clientSecret"`, `requests[1].identity: expected "federated" for a registration, because any other credential would have to be handed over, got "clientSecret"`},
		{"several subjects", `"subject": "` + principal + `"`, `"subject": ["a", "b"]`, "cannot unmarshal array"},
		{"any subject", `"subject": "` + principal, `"subject": "repo:ours/*`, `requests[1].registration.subject: expected an exact text of at most 600 bytes, without *, got "repo:ours/*"`},
		{"no subject", `"subject": "` + principal, `"subject": "`, "requests[1].registration.subject: expected an exact text"},
		{"a subject that begins with a space", `"subject": "`, `"subject": " `, "requests[1].registration.subject: expected an exact text"},
		{"any audience", "api://AzureADTokenExchange", "*", "requests[1].registration.audience: expected an exact text"},
		{"an issuer without encryption", "https://login", "http://login", `requests[1].registration.issuer: expected an https URL of at most 600 ASCII characters, without a query, got "http://login`},
		{"an issuer with a query", "/v2.0", "/v2.0?x", "requests[1].registration.issuer: expected an https URL"},
		{"an issuer that only looks like one", "https://login.example.test", "https://login.example.test@evil.test", "requests[1].registration.issuer: expected an https URL"},
		{"an issuer with a letter of another alphabet", "https://login.example", `https://l\u043egin.example`, `requests[1].registration.issuer: expected an https URL of at most 600 ASCII characters, without a query, got "https://l\u043egin.example`},
		{"an issuer with a space", "/v2.0", "/v2.0 ", "requests[1].registration.issuer: expected an https URL"},
		{"a name that clears the screen", "returns (billing-dev)", `returns\u001b[2J`, "requests[1].registration.displayName: expected printable characters"},
		{"a name that reads backwards", "returns (billing-dev)", `returns\u202e`, "requests[1].registration.displayName: expected printable characters"},
		{"a name with a space at the end", "returns (billing-dev)", `returns `, "requests[1].registration.displayName: expected printable characters"},
		{"an owner by name", `"` + owner, `"me@example.test`, "requests[1].registration.owners[0]: expected a GUID"},
		{"an owner twice", `"` + owner + `"`, `"` + owner + `", "` + owner + `"`, "requests[1].registration.owners[1]: expected"},
		{"no name", "returns (billing-dev)", "", "requests[1].registration.displayName: expected a text"},
		{"a client that names no credential", `"returns"`, `"a b c"`, "requests[1].client: expected 3 to 120 letters"},
		{"a principal besides", `"identity": "federated"`, `"principalId": "` + owner + `", "identity": "federated"`, "requests[1].principalId: expected none beside a registration"},
		{"a registration that exists", `"issuer"`, `"clientId": "` + owner + `", "issuer"`, `unknown field "clientId"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			changed := strings.Replace(string(text), tt.old, tt.new, 1)
			if changed == string(text) {
				t.Fatal("expected the edit to change something")
			}
			if _, err := requests.Parse([]byte(changed)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	many, twice, namesakes := asking(), asking(), asking()
	other := *namesakes.Requests[1].Registration
	other.DisplayName = strings.ToUpper(other.DisplayName)
	namesakes.Requests = append(namesakes.Requests, requests.Request{Client: "refunds", Identity: "federated", Roles: namesakes.Requests[0].Roles, Registration: &other})
	for range 20 {
		many.Requests[1].Registration.Owners = append(many.Requests[1].Registration.Owners, owner)
	}
	twice.Requests = append(twice.Requests, twice.Requests[1])
	for want, f := range map[string]requests.File{"owners: expected at most 20, got 21": many, `requests[2].client: expected one registration for "returns"`: twice,
		`requests[2].registration.displayName: expected one registration with the name "RETURNS (BILLING-DEV)"`: namesakes} {
		if text, err = f.Encode(); err != nil {
			t.Fatal(err)
		}
		if _, err := requests.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestAReceiptWithARegistration(t *testing.T) {
	t.Parallel()
	r := receipt()
	if _, found := r.Registered("returns"); found {
		t.Error("got a registration, want none yet")
	}
	made := requests.Registered{Client: "returns", DisplayName: "returns (billing-dev)", ClientID: apiID, ObjectID: owner, ServicePrincipalID: principal, CredentialID: credits,
		Issuer: issuer, Subject: principal, Audience: "api://AzureADTokenExchange"}
	r.Registrations = []requests.Registered{made}
	text, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := requests.ParseReceipt(text)
	if found, ok := got.Registered("returns"); err != nil || !ok || found != made {
		t.Errorf("got %+v, %v, want %+v", got, err, made)
	}
	for old, want := range map[string]string{
		`"clientId": "` + apiID + `",` + "\n      \"objectId\"": "registrations[0].clientId: expected a GUID",
		`"servicePrincipalId": "` + principal:                   "registrations[0].servicePrincipalId: expected a GUID",
		`"issuer": "` + issuer:                                  "registrations[0].issuer: expected an https URL",
	} {
		changed := strings.Replace(string(text), old, strings.Replace(old, `": "`, `": "x`, 1), 1)
		if _, err := requests.ParseReceipt([]byte(changed)); changed == string(text) || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	r.Registrations = append(r.Registrations, made)
	if text, err = r.Encode(); err != nil {
		t.Fatal(err)
	}
	if _, err := requests.ParseReceipt(text); err == nil || !strings.Contains(err.Error(), `registrations[1].client: expected "returns" once`) {
		t.Errorf("got %v, want one registration for a client", err)
	}
}
