package recover

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"app-to-app/azurecloud"
	"app-to-app/components/provenance"
)

// A recorded stack has a registration in its state, with a client secret.
type recorded struct {
	memoryStack
	t       *testing.T
	options Options
	app     application
	secret  key
	preview string
	refresh []string
	logged  strings.Builder

	failWrite int // the write of the state that fails, from 1; 0 for none
}

var errWrite = errors.New("the state cannot be written")

func (s *recorded) Import(ctx context.Context, state []byte) error {
	if s.writes+1 == s.failWrite {
		s.failWrite = 0
		return errWrite
	}
	return s.memoryStack.Import(ctx, state)
}

const (
	secretEnd   = "2027-06-30T00:00:00Z"
	secretLabel = "orders-client-secret-7"
)

func (s *recorded) Preview(context.Context) ([]byte, error) {
	if s.preview == "" {
		return []byte(`{"steps":[]}`), nil
	}
	return []byte(s.preview), nil
}

func (s *recorded) Refresh(_ context.Context, urns []string) error {
	s.refresh = append(s.refresh, urns...)
	return nil
}

var ours = provenance.Mark{Project: "app-to-app", Stack: "dev", Name: "orders-client-application"}

func urnOf(kind, name string) string { return "urn:pulumi:dev::app-to-app::" + kind + "::" + name }

func newRecorded(t *testing.T) *recorded {
	t.Helper()
	s := &recorded{t: t}
	s.options = recovery(t, &s.memoryStack)
	s.options.Stack, s.options.Log = s, &s.logged
	s.app = s.register(ours)
	s.secret = s.addSecret(s.app, secretLabel, secretEnd)
	s.record(
		entry(applicationType, ours.Name, "/applications/"+s.app.ID, object{"displayName": s.app.DisplayName}),
		entry(passwordType, "orders-client-secret-7", s.app.ID+"/password/"+s.secret.KeyID, object{"displayName": secretLabel, "endDate": secretEnd, "applicationId": "/applications/" + s.app.ID}),
	)
	return s
}

// entry is a resource of a state.
func entry(kind, name, id string, inputs object) object {
	return object{"urn": urnOf(kind, name), "type": kind, "custom": true, "id": id, "inputs": inputs, "outputs": inputs}
}

func (s *recorded) record(resources ...object) {
	s.t.Helper()
	data, err := json.Marshal(object{"version": 3, "deployment": object{"resources": resources}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.state = data
}

// TestUsedSincePlanned: the second one is looked at again after the question, and is
// not removed if somebody uses it by then.
func TestUsedSincePlanned(t *testing.T) {
	t.Parallel()
	a := newAzure(t)
	vault := a.group + "/providers/Microsoft.KeyVault/vaults/orderstwin"
	caller, err := a.options.Session.Graph.Caller(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"1", "2"} {
		a.put(vault+n+"?api-version=2023-02-01", object{"location": "westeurope", "tags": a.mark("twin").ARMTags(), "properties": object{
			"tenantId": caller.TenantID, "sku": object{"family": "A", "name": "standard"}, "enableRbacAuthorization": true}})
	}
	a.record(entry("azure-native:keyvault:Vault", "twin", vault+"1", object{"resourceGroupName": "mine"}))
	a.options.Confirm = func(Plan) error {
		a.put(vault+"2/secrets/kept?api-version=2023-02-01", object{"properties": object{"value": "x"}})
		return nil
	}
	if _, err := Run(t.Context(), a.options); err == nil || !strings.Contains(err.Error(), "got secrets by now: it was not removed") {
		t.Errorf("a vault: got %v", err)
	}
	if !a.has(vault + "2?api-version=2023-02-01") {
		t.Error("expected the vault to stay")
	}
	s := newRecorded(t)
	twin := s.register(ours)
	s.options.Confirm = func(Plan) error { s.addSecret(twin, "x", secretEnd); return nil }
	if _, err := Run(t.Context(), s.options); err == nil || !strings.Contains(err.Error(), "got credentials by now: it was not removed") {
		t.Errorf("an app registration: got %v", err)
	}
	if !s.isThere(applicationsPath + twin.ID) {
		t.Error("expected the app registration to stay")
	}
}

func (s *recorded) register(mark provenance.Mark) (app application) {
	s.t.Helper()
	s.post("/v1.0/applications", object{"displayName": "orders-client (dev)", "signInAudience": "AzureADMyOrg", "tags": mark.Tags()}, &app)
	return app
}

func (s *recorded) addSecret(app application, label, end string) (secret key) {
	s.t.Helper()
	s.post(applicationsPath+app.ID+"/addPassword", object{"passwordCredential": object{"displayName": label, "endDateTime": end}}, &secret)
	return secret
}

func (s *recorded) post(path string, in, out any) {
	s.t.Helper()
	if err := s.options.Session.Graph.Post(s.t.Context(), path, in, out); err != nil {
		s.t.Fatal(err)
	}
}

func (s *recorded) isThere(path string) bool {
	s.t.Helper()
	err := s.options.Session.Graph.Get(s.t.Context(), path, nil)
	if err != nil && azurecloud.StatusOf(err) != http.StatusNotFound {
		s.t.Fatal(err)
	}
	return err == nil
}

// run recovers, and expects the actions.
func (s *recorded) run(actions ...string) Report {
	s.t.Helper()
	report, err := Run(s.t.Context(), s.options)
	if err != nil {
		s.t.Fatal(err)
	}
	var got []string
	for _, step := range report.Done {
		got = append(got, step.Action)
	}
	if !slices.Equal(got, actions) {
		s.t.Errorf("got %v, want %q; log: %s", report.Done, actions, &s.logged)
	}
	return report
}

// TestMadeTwice has a second registration with the mark of one in the state: it is
// removed only if nothing shows that it is more than a second answer. Then it is
// named, with a command that removes it.
func TestMadeTwice(t *testing.T) {
	t.Parallel()
	other := provenance.Mark{Project: "app-to-app", Stack: "dev2", Name: ours.Name}
	for _, tt := range []struct {
		name   string
		mark   provenance.Mark
		change func(s *recorded, twin application)
		left   string // why it is left alone, in the log; "" if it is removed
	}{
		{"as its creation left it", ours, nil, ""},
		{"of a creation that was interrupted later", ours, func(s *recorded, twin application) {
			s.patch(applicationsPath+twin.ID, object{"displayName": temporary + "1"})
		}, ""},
		{"of another stack", other, nil, "-"},
		{"of another name", ours, func(s *recorded, twin application) {
			s.patch(applicationsPath+twin.ID, object{"displayName": "somebody's"})
		}, `the name "somebody's"`},
		{"with a secret", ours, func(s *recorded, twin application) { s.addSecret(twin, "x", secretEnd) }, "credentials"},
		{"that trusts a token", ours, func(s *recorded, twin application) {
			s.post(applicationsPath+twin.ID+"/federatedIdentityCredentials", object{"name": "ci-main", "issuer": "https://ci.example", "subject": "main", "audiences": []string{"api://AzureADTokenExchange"}}, nil)
		}, "federated credentials"},
		{"with a role", ours, func(s *recorded, twin application) {
			s.patch(applicationsPath+twin.ID, object{"appRoles": []object{{"id": readID, "value": "a", "displayName": "a", "description": "a", "isEnabled": true, "allowedMemberTypes": []string{"Application"}}}})
		}, "app roles"},
		{"with a URI", ours, func(s *recorded, twin application) {
			s.patch(applicationsPath+twin.ID, object{"identifierUris": []string{"api://" + twin.ClientID}})
		}, "identifier URIs"},
		{"with a service principal", ours, func(s *recorded, twin application) {
			s.post("/v1.0/servicePrincipals", object{"appId": twin.ClientID}, nil)
		}, "a service principal"},
		{"of another owner", ours, func(s *recorded, twin application) {
			stranger := s.register(provenance.Mark{Project: "other", Stack: "x", Name: "stranger"})
			var principal struct{ ID string }
			s.post("/v1.0/servicePrincipals", object{"appId": stranger.ClientID}, &principal)
			s.post(applicationsPath+twin.ID+"/owners/$ref", object{"@odata.id": "https://graph.microsoft.com/v1.0/directoryObjects/" + principal.ID}, nil)
		}, "the owners"},
		{"of one that has lost its mark", ours, func(s *recorded, _ application) {
			s.patch(applicationsPath+s.app.ID, object{"tags": []string{}})
		}, "-"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newRecorded(t)
			twin := s.register(tt.mark)
			if tt.change != nil {
				tt.change(s, twin)
			}
			if tt.left == "" {
				s.run(Remove)
			} else if report := s.run(); tt.mark == ours && (len(report.Unknown) == 0 || report.Unknown[0].ID != twin.ID) {
				t.Errorf("got %+v, want it named", report)
			}
			if there := s.isThere(applicationsPath + twin.ID); there != (tt.left != "") || !s.isThere(applicationsPath+s.app.ID) {
				t.Errorf("the second registration is there: %v; want the other way round, and the first to stay", there)
			}
			if tt.left != "-" && !strings.Contains(s.logged.String(), tt.left) {
				t.Errorf("got the log %q, want %q in it", &s.logged, tt.left)
			}
			if tt.left == "" && !s.isThere(deletedItemsPath+twin.ID) {
				t.Error("expected it to be in the recycle bin")
			}
		})
	}
}

func (s *recorded) patch(path string, body object) {
	s.t.Helper()
	if err := s.options.Session.Graph.Patch(s.t.Context(), path, body); err != nil {
		s.t.Fatal(err)
	}
}

// TestSecretMadeTwice: only a secret that could be nobody else's is removed.
func TestSecretMadeTwice(t *testing.T) {
	t.Parallel()
	s := newRecorded(t)
	twin := s.addSecret(s.app, secretLabel, secretEnd)
	kept := []string{
		s.secret.KeyID,
		s.addSecret(s.app, secretLabel, "2027-06-30T00:00:01Z").KeyID,
		s.addSecret(s.app, "by hand", secretEnd).KeyID,
	}
	var asked string
	s.options.Confirm = func(p Plan) error { asked += p.String(); return nil }
	s.run(Remove)
	if !strings.Contains(asked, twin.KeyID) || !strings.Contains(asked, "whose value nobody knows") {
		t.Errorf("got the question %q, want the secret's id in it", asked)
	}
	var now application
	if err := s.options.Session.Graph.Get(t.Context(), applicationsPath+s.app.ID, &now); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, secret := range now.Secrets {
		got = append(got, secret.KeyID)
	}
	slices.Sort(kept)
	slices.Sort(got)
	if !slices.Equal(got, kept) {
		t.Errorf("got the secrets %q, want %q", got, kept)
	}
	s.run()
}

// previewOf is the output of a preview that creates resources.
func previewOf(created ...object) string {
	var steps []object
	for _, c := range created {
		steps = append(steps, object{"op": "create", "urn": c["urn"], "newState": c})
	}
	data, err := json.Marshal(object{"steps": append(steps, object{"op": "same", "urn": "urn:pulumi:dev::app-to-app::pulumi:pulumi:Stack::app-to-app-dev"})})
	if err != nil {
		panic(fmt.Sprint("encode a preview: ", err)) // it has nothing but texts
	}
	return string(data)
}
