package recover

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

const (
	federationType  = "azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential"
	certificateType = "azuread:index/applicationCertificate:ApplicationCertificate"
	uriType         = "azuread:index/applicationIdentifierUri:ApplicationIdentifierUri"
	assignmentType  = "azuread:index/appRoleAssignment:AppRoleAssignment"
)

// A whole is an API with a client, with an entry in the state for each kind of
// resource that is in the directory.
type whole struct {
	*recorded
	principal, federation, assignment struct{ ID string }
	uri                               string
	entries                           map[string]object // by kind
}

func newWhole(t *testing.T) *whole {
	t.Helper()
	w := &whole{recorded: newRecorded(t)}
	id := w.app.ID
	w.uri = "api://" + w.app.ClientID
	w.post("/v1.0/servicePrincipals", object{"appId": w.app.ClientID, "tags": ours.Tags()}, &w.principal)
	w.patch(applicationsPath+id, object{"identifierUris": []string{w.uri}, "appRoles": []object{
		{"id": readID, "value": "a", "displayName": "a", "description": "a", "isEnabled": true, "allowedMemberTypes": []string{"Application"}}}})
	w.post(applicationsPath+id+"/federatedIdentityCredentials", object{"name": "ci-main", "issuer": "https://ci.example", "subject": "main", "audiences": []string{"api://AzureADTokenExchange"}}, &w.federation)
	w.post(servicePrincipalsPath+w.principal.ID+"/appRoleAssignedTo", w.assigned(), &w.assignment)
	w.entries = map[string]object{
		applicationType:      entry(applicationType, ours.Name, "/applications/"+id, object{"displayName": w.app.DisplayName}),
		servicePrincipalType: entry(servicePrincipalType, "orders-client-service-principal", w.principal.ID, object{"clientId": w.app.ClientID}),
		appRoleType:          entry(appRoleType, "role", "/applications/"+id+"/appRoles/"+readID, object{"applicationId": "/applications/" + id, "roleId": readID}),
		uriType:              entry(uriType, "uri", "/applications/"+id+"/identifierUris/"+base64.StdEncoding.EncodeToString([]byte(w.uri)), object{"applicationId": "/applications/" + id, "identifierUri": w.uri}),
		passwordType:         entry(passwordType, secretLabel, id+"/password/"+w.secret.KeyID, object{"applicationId": "/applications/" + id, "displayName": secretLabel, "endDate": secretEnd}),
		federationType:       entry(federationType, "federation", id+"/federatedIdentityCredential/"+w.federation.ID, object{"applicationId": "/applications/" + id, "displayName": "ci-main"}),
		assignmentType: entry(assignmentType, "assignment", w.principal.ID+"/appRoleAssignment/"+w.assignment.ID, object{
			"resourceObjectId": w.principal.ID, "principalObjectId": w.principal.ID, "appRoleId": readID}),
		certificateType: entry(certificateType, "certificate", id+"/certificate/"+otherID, object{"applicationId": "/applications/" + id}),
	}
	return w
}

// assigned is the body of an app role assignment.
func (w *whole) assigned() object {
	return object{"principalId": w.principal.ID, "resourceId": w.principal.ID, "appRoleId": readID}
}

// TestGone takes one thing away from the directory at a time: it is dropped from the
// state with what belongs to it, and nothing else is.
func TestGone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, path string // what is deleted; a POST with a body, if there is one
		body       object
		gone       []string
	}{
		{"nothing", "", nil, nil},
		{"the app registration", applicationsPath + "APP", nil, []string{applicationType, servicePrincipalType, appRoleType, uriType, passwordType, federationType, assignmentType}},
		{"the service principal", servicePrincipalsPath + "PRINCIPAL", nil, []string{servicePrincipalType, assignmentType}},
		{"the assignment", servicePrincipalsPath + "PRINCIPAL/appRoleAssignedTo/ASSIGNMENT", nil, []string{assignmentType}},
		{"the federated credential", applicationsPath + "APP/federatedIdentityCredentials/FEDERATION", nil, []string{federationType}},
		{"the secret", applicationsPath + "APP/removePassword", object{"keyId": "SECRET"}, []string{passwordType}},
		{"the URI", applicationsPath + "APP", object{"identifierUris": []string{}}, []string{uriType}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWhole(t)
			names := strings.NewReplacer("APP", w.app.ID, "PRINCIPAL", w.principal.ID, "ASSIGNMENT", w.assignment.ID, "FEDERATION", w.federation.ID, "SECRET", w.secret.KeyID)
			path := names.Replace(tt.path)
			var entries []object
			for kind, e := range w.entries {
				if kind != certificateType {
					entries = append(entries, e)
				}
			}
			w.record(entries...)
			switch {
			case strings.HasSuffix(path, "/removePassword"):
				w.post(path, object{"keyId": w.secret.KeyID}, nil)
			case tt.body != nil:
				w.patch(path, tt.body)
			case path != "":
				if err := w.options.Session.Graph.Delete(t.Context(), path); err != nil {
					t.Fatal(err)
				}
			}
			var actions []string
			for range tt.gone {
				actions = append(actions, Drop)
			}
			w.run(actions...)
			for kind, e := range w.entries {
				dropped := !strings.Contains(string(w.state), `"urn":"`+e["urn"].(string)+`"`)
				want := kind == certificateType
				for _, gone := range tt.gone {
					want = want || gone == kind
				}
				if dropped != want {
					t.Errorf("%s: dropped: %v, want %v", kind, dropped, want)
				}
			}
			w.run() // once more: nothing is left to do
		})
	}
}

// TestElsewhere: to a login of another tenant or subscription, everything looks as if
// it were gone.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, kind, id string
		outputs        object
		want           string
	}{
		{"by the export", "pulumi:pulumi:Stack", "", object{"tenantId": otherID}, "expected the stack's tenant " + otherID},
		{"by a service principal", servicePrincipalType, otherID, object{"applicationTenantId": otherID}, "expected the stack's tenant " + otherID},
		{"another subscription", groupType, "/subscriptions/" + otherID + "/resourceGroups/mine", object{}, "expected the stack's subscription " + otherID},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newRecorded(t)
			s.record(entry(tt.kind, "a", tt.id, tt.outputs), entry(applicationType, ours.Name, "/applications/"+otherID, object{}))
			report, err := Run(t.Context(), s.options)
			if err == nil || !strings.Contains(err.Error(), tt.want) || len(report.Done) > 0 {
				t.Errorf("got %+v, %v; want %q", report, err, tt.want)
			}
			if !strings.Contains(string(s.state), applicationType) {
				t.Errorf("got the state %s, want it as it was", s.state)
			}
		})
	}
	w := newWhole(t)
	caller, err := w.options.Session.Graph.Caller(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.record(entry("pulumi:pulumi:Stack", "a", "", object{"tenantId": strings.ToUpper(caller.TenantID)}), w.entries[applicationType])
	w.run()
}

// TestGoneCertificate: one that was never registered, or is not any more.
func TestGoneCertificate(t *testing.T) {
	t.Parallel()
	w := newWhole(t)
	w.record(w.entries[applicationType], w.entries[certificateType])
	w.run(Drop)
	if strings.Contains(string(w.state), certificateType) {
		t.Errorf("got the state %s, want no certificate in it", w.state)
	}
}

// TestDropLeavesNoReference: what depended on a resource that is dropped stays, and
// no longer names it; what only has its name in a text does.
func TestDropLeavesNoReference(t *testing.T) {
	t.Parallel()
	s := newRecorded(t)
	gone := entry(assignmentType, "gone", s.app.ID+"/appRoleAssignment/none", object{})
	stays := entry("azure-native:web/v20240401:WebAppApplicationSettings", "settings", "/x", object{"list": []any{gone["urn"]}})
	stays["dependencies"] = []any{gone["urn"], urnOf(applicationType, ours.Name)}
	stays["propertyDependencies"] = object{"a": []any{gone["urn"]}, "b": []any{urnOf(applicationType, ours.Name)}}
	stays["deletedWith"] = gone["urn"]
	s.record(entry(applicationType, ours.Name, "/applications/"+s.app.ID, object{}), gone, stays)
	s.run(Drop)
	now, err := readState(s.state)
	if err != nil {
		t.Fatal(err)
	}
	left, ok := now.find(stays["urn"].(string))
	if !ok || len(now.resources()) != 2 {
		t.Fatalf("got the state %s, want two resources", s.state)
	}
	inputs, _ := json.Marshal(left.object["inputs"])
	delete(left.object, "inputs")
	delete(left.object, "outputs")
	rest, _ := json.Marshal(left.object)
	if !strings.Contains(string(inputs), "::gone") || strings.Contains(string(rest), "::gone") || strings.Count(string(rest), ours.Name) != 2 {
		t.Errorf("got %s with the inputs %s", rest, inputs)
	}
}

// TestGoneIsLookedForAgain: the directory may not show yet what an update has just
// made, so what is missed is looked for again; what the engine was deleting is not.
func TestGoneIsLookedForAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, begun string
		waits       int
	}{{"made by an update", "", 12}, {"whose deletion was begun", deleting, 0}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newRecorded(t)
			gone := entry(assignmentType, "gone", s.app.ID+"/appRoleAssignment/none", object{})
			s.record(gone)
			if tt.begun != "" {
				s.state = []byte(strings.Replace(string(s.state), `{"resources"`, `{"pending_operations":[{"type":"`+tt.begun+`","resource":`+encoded(t, gone)+`}],"resources"`, 1))
			}
			waits := 0
			s.options.Patience, s.options.Wait = time.Minute, func(context.Context, time.Duration) error { waits++; return nil }
			s.run(Drop)
			if waits != tt.waits || strings.Contains(string(s.state), "gone") {
				t.Errorf("got %d waits and the state %s, want %d and no assignment", waits, s.state, tt.waits)
			}
		})
	}
}

func encoded(t *testing.T, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestInterruptedBetween fails to write the state after something was removed from
// the tenant: the next run does the rest.
func TestInterruptedBetween(t *testing.T) {
	t.Parallel()
	s := newRecorded(t)
	s.addSecret(s.app, secretLabel, secretEnd)
	twin := s.register(ours)
	made := entry(federationType, "federation", "", object{"applicationId": "/applications/" + s.app.ID, "displayName": "ci-main"})
	s.post(applicationsPath+s.app.ID+"/federatedIdentityCredentials", object{"name": "ci-main", "issuer": "https://ci.example", "subject": "main", "audiences": []string{"api://AzureADTokenExchange"}}, nil)
	s.preview = previewOf(made)
	s.failWrite = 2 // the first shows that no update is running
	if _, err := Run(t.Context(), s.options); !errors.Is(err, errWrite) || s.isThere(applicationsPath+twin.ID) || strings.Contains(string(s.state), federationType) {
		t.Fatalf("got %v and the state %s, want the removal done and no adoption", err, s.state)
	}
	s.options.Confirm = func(Plan) error { s.preview = ""; return nil }
	s.options.Now = func() time.Time { return clock().Add(time.Minute) }
	s.run(Adopt)
	if !strings.Contains(string(s.state), federationType) || len(s.refresh) != 1 {
		t.Errorf("got the state %s, read %q, want the federated credential in it", s.state, s.refresh)
	}
}
