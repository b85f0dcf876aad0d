package clients_test

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// This file runs CLI for Microsoft 365 with the step that this program replaces,
// in its present form: m365 entra approleassignment add. Its hosts are fixed in
// its code, so npm/redirect.cjs sends its requests to the sandbox.

// An m365 is one user of the CLI, with a home folder of his own.
type m365 struct {
	*client
	t    *testing.T
	home string
}

func newM365(t *testing.T) *m365 {
	e := newEstate(t)
	return &m365{newClient(t, e, "CLI for Microsoft 365", packageVersion(t, "@pnp/cli-microsoft365")), t, t.TempDir()}
}

// run runs a command and decodes what it wrote, which is JSON or nothing.
func (m *m365) run(out any, args ...string) error {
	environ := []string{"HOME=" + m.home, "CLIMICROSOFT365_NOUPDATE=1"}
	program := []string{"node_modules/@pnp/cli-microsoft365/dist/index.js"}
	text, err := output(m.node(m.t, environ, slices.Concat(program, args, []string{"--output", "json"})...))
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal([]byte(text), out)
}

func (m *m365) login(proof ...string) error {
	var shown struct{ ConnectedAs, AppID string }
	err := m.run(&shown, append([]string{"login", "--appId", m.operator.Deployer.ClientID, "--tenant", m.operator.ID}, proof...)...)
	if err == nil && (shown.AppID != m.operator.Deployer.ClientID || !strings.Contains(shown.ConnectedAs, "operator")) {
		err = fmt.Errorf("expected a login as the operator, got %+v", shown)
	}
	return err
}

func (m *m365) bySecret() error {
	return m.login("--authType", "secret", "--secret", m.operator.Deployer.Secret)
}

// assignments runs approleassignment add or remove for the caller.
func (m *m365) assignments(verb, resource string, more ...string) error {
	return m.run(nil, append([]string{"entra", "approleassignment", verb, "--resource", resource, "--scopes", "Orders.Read"}, more...)...)
}

func TestM365(t *testing.T) {
	t.Parallel()
	m := newM365(t)
	byID := []string{"--appObjectId", m.caller.principalID}
	byName := []string{"--appDisplayName", "orders-client"}

	m.does("login with a wrong secret", func() error {
		err := m.login("--authType", "secret", "--secret", "wrong")
		if err == nil || !strings.Contains(err.Error(), "AADSTS7000215") {
			return fmt.Errorf("expected AADSTS7000215, got %v", err)
		}
		return refused("AADSTS7000215")
	})
	m.does("login with a secret", m.bySecret)
	m.does("status", func() error {
		var shown struct{ AppTenant string }
		if err := m.run(&shown, "status"); err != nil || shown.AppTenant != m.operator.ID {
			return fmt.Errorf("expected tenant %q, got %q, %v", m.operator.ID, shown.AppTenant, err)
		}
		return nil
	})
	m.does("entra approleassignment add, by object ids", func() error {
		if err := m.assignments("add", m.api.principalID, byID...); err != nil {
			return err
		}
		return m.expect(m.api, m.caller.principalID)
	})
	m.does("entra approleassignment add, again", func() error {
		err := m.assignments("add", m.api.principalID, byID...)
		if err == nil || !strings.Contains(err.Error(), "Permission being assigned already exists") {
			return fmt.Errorf("expected the assignment refused as there already, got %v", err)
		}
		return refused("Permission being assigned already exists on the object")
	})
	m.does("entra approleassignment list, by object id", func() error { return m.lists("--appObjectId", m.caller.principalID) })
	m.does("entra approleassignment list, by name", func() error { return m.lists("--appDisplayName", "orders-client") })
	m.does("entra approleassignment list, by client id", func() error { return m.lists("--appId", m.caller.clientID) })
	m.does("entra approleassignment remove, by object ids", func() error {
		if err := m.assignments("remove", m.api.principalID, append(byID, "--force")...); err != nil {
			return err
		}
		return m.expect(m.api)
	})
	m.does("entra approleassignment add, by names", func() error {
		if err := m.assignments("add", "orders-api", byName...); err != nil {
			return err
		}
		return m.expect(m.api, m.caller.principalID)
	})
	m.does("entra approleassignment remove, by names", func() error {
		if err := m.assignments("remove", "orders-api", append(byName, "--force")...); err != nil {
			return err
		}
		return m.expect(m.api)
	})
	m.does("entra approleassignment add, by client ids", func() error {
		if err := m.assignments("add", m.api.clientID, "--appId", m.caller.clientID); err != nil {
			return err
		}
		return m.expect(m.api, m.caller.principalID)
	})
	m.does("entra approleassignment add, by the exact name of an API that has a namesake", m.grantsOnNamesake)
	m.does("entra approleassignment add, by object ids, with the namesake", func() error {
		other := m.register("a-third-client")
		if err := m.assignments("add", m.api.principalID, "--appObjectId", other.principalID); err != nil {
			return err
		}
		return m.expect(m.api, m.caller.principalID, other.principalID)
	})
	m.does("logout", func() error {
		var shown string
		if err := errors.Join(m.run(nil, "logout"), m.run(&shown, "status")); err != nil || shown != "Logged out" {
			return fmt.Errorf("expected to be logged out, got %q, %v", shown, err)
		}
		return nil
	})
	m.does("login with a certificate", func() error {
		return m.login("--authType", "certificate", "--certificateFile", m.certificate(m.operator.Deployer.ClientID))
	})
}

// lists expects the caller's assignment among those of the principal.
func (m *m365) lists(principal ...string) error {
	var list []struct{ ResourceID, RoleName string }
	if err := m.run(&list, append([]string{"entra", "approleassignment", "list"}, principal...)...); err != nil {
		return err
	}
	if len(list) != 1 || list[0].ResourceID != m.api.principalID || list[0].RoleName != "Orders.Read" {
		return fmt.Errorf("expected Orders.Read of %q, got %+v", m.api.principalID, list)
	}
	return nil
}

// grantsOnNamesake shows why this program assigns roles by object ids: given the
// exact and full name of the API, the CLI takes the first service principal
// whose name starts with it. Which one Graph lists first is not documented, so
// there are namesakes until one is listed before the API.
func (m *m365) grantsOnNamesake() error {
	role := map[string]any{"id": "0d0e0f00-0000-4000-8000-000000000002", "value": "Orders.Read", "displayName": "Read", "description": "Read orders",
		"allowedMemberTypes": []string{"Application"}, "isEnabled": true}
	var namesake registration
	for namesake.principalID == "" || namesake.principalID > m.api.principalID {
		namesake = m.register("orders-api-test", role)
	}
	caller := m.register("another-client")
	if err := m.assignments("add", "orders-api", "--appObjectId", caller.principalID); err != nil {
		return err
	}
	list, err := m.azure.List(m.t.Context(), "/v1.0/servicePrincipals/"+caller.principalID+"/appRoleAssignments")
	if err != nil {
		return err
	}
	if len(list) != 1 || list[0]["resourceDisplayName"] != "orders-api-test" {
		return fmt.Errorf("expected the role of orders-api-test, which was not asked for, got %v", list)
	}
	return outcome("grants the role of the namesake")
}

// certificate registers a certificate on an application, and returns the path
// of a file with it and its key.
func (e *estate) certificate(clientID string) string {
	e.t.Helper()
	certificate, key := selfSigned(e.t)
	e.do("PATCH", "/v1.0/applications(appId='"+clientID+"')", map[string]any{"keyCredentials": []any{
		map[string]any{"type": "AsymmetricX509Cert", "usage": "Verify", "key": certificate},
	}}, nil)
	file := filepath.Join(e.t.TempDir(), "operator.pem")
	content := slices.Concat(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}))
	if err := os.WriteFile(file, content, 0o600); err != nil {
		e.t.Fatal(err)
	}
	return file
}
