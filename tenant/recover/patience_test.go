package recover

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/components/provenance"
	"app-to-app/sandbox/sandboxtest"
	"app-to-app/tenant/tenanttest"
)

// A begun stack has one app registration whose creation was begun.
type begun struct{ fileStack }

func (*begun) Export(context.Context) ([]byte, error) {
	return []byte(`{"version":3,"deployment":{"resources":[],"pending_operations":[{"type":"creating","resource":{
		"urn":"urn:pulumi:dev::app-to-app::azuread:index/application:Application::orders-api-application","custom":true,
		"type":"azuread:index/application:Application","inputs":{"displayName":"orders-api (dev)"}}}]}}`), nil
}

var errShown = errors.New("the plan was shown")

// TestPatience has a directory that shows a new app registration late: without
// patience, its creation would be taken for one that never happened.
func TestPatience(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		patience time.Duration
		shown    time.Duration // when the directory shows it
		looks    int           // waits between them
		want     string
	}{
		{"at once", time.Minute, 0, 0, Adopt},
		{"late", time.Minute, 20 * time.Second, 4, Adopt},
		{"never", time.Minute, time.Hour, 12, Forget},
		{"without patience", 0, 20 * time.Second, 0, Forget},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			session := signIn(t)
			var waited time.Duration
			show := func() {
				if waited == tt.shown {
					mark := provenance.Mark{Project: "app-to-app", Stack: "dev", Name: "orders-api-application"}
					if err := session.Graph.Post(t.Context(), "/v1.0/applications", map[string]any{"displayName": "orders-api (dev)", "signInAudience": "AzureADMyOrg", "tags": mark.Tags()}, nil); err != nil {
						t.Error(err)
					}
				}
			}
			show()
			var plan Plan
			looks := 0
			_, err := Run(t.Context(), Options{
				Name: "dev", Project: "app-to-app", Stack: &begun{fileStack{root: t.TempDir()}}, Session: session, Log: io.Discard,
				Host: Host{Name: "here", Runs: func(int) bool { return false }}, Patience: tt.patience,
				Wait:    func(_ context.Context, d time.Duration) error { looks++; waited += d; show(); return nil },
				Confirm: func(p Plan) error { plan = p; return errShown },
			})
			if !errors.Is(err, errShown) || len(plan) != 1 || plan[0].Action != tt.want || looks != tt.looks {
				t.Errorf("got %v, plan %v after %d waits, want to %s after %d", err, plan, looks, tt.want, tt.looks)
			}
		})
	}
}

func signIn(t *testing.T) *azurecloud.Session {
	t.Helper()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	return tenanttest.SignIn(t, s, s.Tenants()[0], nil)
}
