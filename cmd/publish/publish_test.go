package main

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"app-to-app/azurecloud"
)

func TestPublish(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.publish(); err != nil {
		t.Fatal(err)
	}
	want := []string{"POST /api/publish", deploymentPath, deploymentPath, "GET /api/deployments/latest"}
	if !slices.Equal(w.requests, want) {
		t.Errorf("got requests %q, want %q", w.requests, want)
	}
	if len(w.forms) != 1 || w.forms[0].Get("client_id") != clientID || !strings.Contains(w.forms[0].Get("scope"), audience+"/.default") {
		t.Errorf("expected one token request for %q, got %d", audience+"/.default", len(w.forms))
	}
	for _, line := range []string{
		"publish: sending 0.0 MiB to orders-client-app1a2b3c4d\n",
		"publish: orders-client-app1a2b3c4d runs package " + sum(w.content)[:12],
	} {
		if !strings.Contains(w.output.String(), line) {
			t.Errorf("got output %q, want %q in it", w.output.String(), line)
		}
	}
}

// storageRefusal is what the SCM site reports while the host's identity may not
// write to its storage yet.
const storageRefusal = "InaccessibleStorageException: Failed to access storage account for deployment: BlobUploadFailedException: Failed to upload blob to storage account: Response status code does not indicate success: 403 (This request is not authorized to perform this operation using this permission.)."

func status(id string, status int) answer {
	return answer{http.StatusOK, map[string]any{"id": id, "status": status}}
}

// failure is an answer with an error, as Kudu writes it.
func failure(status int, message string) answer {
	return answer{status, map[string]any{"Message": message}}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	accepted := answer{http.StatusAccepted, "d1"}
	for _, tt := range []struct {
		name    string
		request string
		answers []answer
		sends   int
		output  string
	}{
		{"storage not ready", "POST /api/publish", []answer{failure(400, storageRefusal), failure(400, storageRefusal), accepted}, 3,
			"publish: waiting for the host's access to its storage, 0s of 15m0s: SCM answered 400 Bad Request: InaccessibleStorageException"},
		{"storage not ready, reported by the deployment", deploymentPath, []answer{{200, map[string]any{"id": "d1", "status": 3, "status_text": storageRefusal}}, status("d1", 4)}, 2,
			"publish: waiting for the host's access to its storage, 0s of 15m0s: deployment d1 failed: "},
		{"site starting", "POST /api/publish", []answer{failure(503, "starting"), accepted}, 2, "publish: waiting for the SCM site, 0s of 3m0s: SCM answered 503 Service Unavailable: starting"},
		{"site not there yet", "POST /api/publish", []answer{failure(404, ""), accepted}, 2, "publish: waiting for the SCM site, 0s of 3m0s: SCM answered 404 Not Found"},
		{"throttled", "POST /api/publish", []answer{failure(429, ""), accepted}, 2, "waiting for the SCM site"},
		{"another deployment under way", "POST /api/publish", []answer{failure(409, "in progress"), accepted}, 2, "publish: waiting for another deployment, 0s of 15m0s: SCM answered 409 Conflict: in progress"},
		{"a deployment in conflict", deploymentPath, []answer{status("d1", 5), status("d1", 4)}, 2, "publish: waiting for another deployment, 0s of 15m0s: deployment d1 conflicts with another"},
		{"site restarting while it deploys", deploymentPath, []answer{failure(502, ""), failure(404, ""), status("d1", 4)}, 1, "runs package"},
		{"site restarting when it is done", "GET /api/deployments/latest", []answer{failure(502, ""), status("d1", 4)}, 1, "runs package"},
		{"id in an object", "POST /api/publish", []answer{{http.StatusOK, map[string]any{"id": "d1"}}}, 1, "runs package"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.answers[tt.request] = tt.answers
			if err := w.publish(); err != nil {
				t.Fatal(err)
			}
			if got := w.count("POST /api/publish"); got != tt.sends {
				t.Errorf("got the package sent %d times, want %d", got, tt.sends)
			}
			if !strings.Contains(w.output.String(), tt.output) {
				t.Errorf("got output:\n%s\nwant %q in it", w.output.String(), tt.output)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		request string
		answer  answer
		want    string
		hint    string
	}{
		{"token refused", "POST /api/publish", failure(401, ""), "publish to orders-client-app1a2b3c4d: SCM answered 401 Unauthorized", "ARM_TENANT_ID"},
		{"not allowed", "POST /api/publish", failure(403, "no authorization to perform action 'Microsoft.Web/sites/publish/Action'"),
			"SCM answered 403 Forbidden: no authorization to perform action 'Microsoft.Web/sites/publish/Action'", "Microsoft.Web/sites/publish/Action"},
		{"bad request", "POST /api/publish", failure(400, "expected a zip archive"), "SCM answered 400 Bad Request: expected a zip archive", ""},
		{"a page instead of JSON", "POST /api/publish", answer{400, []byte("<html>\n  no")}, "SCM answered 400 Bad Request: <html> no", ""},
		{"redirected", "POST /api/publish", answer{302, ""}, "SCM answered 302 Found", ""},
		{"failed, reported with status 200", deploymentPath, answer{200, map[string]any{"id": "d1", "status": 3, "status_text": "handler: permission denied"}},
			"deployment d1 failed: Receiving the package; handler: permission denied", ""},
		{"succeeded in part", deploymentPath, status("d1", 6), "deployment d1 succeeded in part: Receiving the package", ""},
		{"never ends", deploymentPath, status("d1", 2), "follow deployment d1: gave up after 14m57s: status 2", ""},
		{"storage never ready", "POST /api/publish", failure(400, storageRefusal), "publish to orders-client-app1a2b3c4d: gave up after 14m", "role assignments of the host's identity"},
		{"site never there", "POST /api/publish", failure(503, ""), "gave up after 2m", "pulumi up again"},
		{"another is running", "GET /api/deployments/latest", status("d2", 4), `look at the running deployment: expected "d1", got "d2"`, "somebody else published meanwhile"},
		{"another package is running", "GET /api/deployments/latest", answer{200, map[string]any{"id": "d1", "status": 4, "packageSha256": sum(nil)}},
			"look at the running deployment: expected package ", "somebody else published meanwhile"},
		{"not active", "GET /api/deployments/latest", answer{200, map[string]any{"id": "d1", "status": 4, "active": false}}, `expected "d1" to be active`, "somebody else published meanwhile"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.answers[tt.request] = []answer{tt.answer}
			err := w.publish()
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
			var hinted *azurecloud.HintError
			if got := errors.As(err, &hinted); got != (tt.hint != "") || got && !strings.Contains(hinted.Hint, tt.hint) {
				t.Errorf("got hint %v, want %q in it", hinted, tt.hint)
			}
		})
	}
}

func TestLongerWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.environ["PUBLISH_TIMEOUT"] = "1h"
	w.answers["POST /api/publish"] = []answer{failure(400, storageRefusal)}
	if err := w.publish(); err == nil || !strings.Contains(err.Error(), "gave up after 59m") {
		t.Errorf("got %v, want it to give up after 59m", err)
	}
}

func TestSiteThatCannotBeReached(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.environ["PUBLISH_SCM_HOST"] = "127.0.0.1:1" // nothing listens on tcpmux
	err := w.publish()
	if err == nil || !strings.Contains(err.Error(), "gave up after 2m") || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got %v, want it to give up for a refused connection", err)
	}
	if !strings.Contains(w.output.String(), "waiting for the SCM site, ") {
		t.Errorf("got output:\n%s\nwant it to say how long it waits", w.output.String())
	}
}

func TestCertificateThatIsNotTrusted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.environ["PUBLISH_SCM_HOST"] = strings.Replace(w.environ["PUBLISH_SCM_HOST"], "127.0.0.1", "localhost", 1) // not in its certificate
	err := w.publish()
	var hinted *azurecloud.HintError
	if !errors.As(err, &hinted) || !strings.Contains(hinted.Hint, "SSL_CERT_FILE") {
		t.Errorf("got %v, want a hint about SSL_CERT_FILE", err)
	}
	if got := w.count("POST /api/publish"); got != 0 || strings.Contains(w.output.String(), "waiting") {
		t.Errorf("expected no package and no waiting, got:\n%s", w.output.String())
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answers["POST /api/publish"] = []answer{failure(503, "")}
	m := w.command()
	m.sleep = azurecloud.Sleep
	ctx, cancel := contextThatEnds(t, w)
	defer cancel()
	if err := m.publish(ctx); !errors.Is(err, ctx.Err()) || ctx.Err() == nil {
		t.Errorf("got %v, want it to stop", err)
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		edits map[string]string
		want  []string
	}{
		{"nothing set", map[string]string{"PUBLISH_APP": "", "PUBLISH_SCM_HOST": "", "PUBLISH_PACKAGE": "", "PUBLISH_SHA256": ""},
			[]string{"PUBLISH_APP: missing", "PUBLISH_SCM_HOST: missing", "PUBLISH_PACKAGE: missing", "PUBLISH_SHA256: missing"}},
		{"a URL instead of a host", map[string]string{"PUBLISH_SCM_HOST": "https://app.scm.test"}, []string{`PUBLISH_SCM_HOST: expected a host name, got "https://app.scm.test"`}},
		{"malformed timeout", map[string]string{"PUBLISH_TIMEOUT": "soon"}, []string{`PUBLISH_TIMEOUT: expected a duration such as 15m, got "soon"`}},
		{"no time", map[string]string{"PUBLISH_TIMEOUT": "0s"}, []string{`PUBLISH_TIMEOUT: expected a duration`}},
		{"no package", map[string]string{"PUBLISH_PACKAGE": "none.zip"}, []string{"read package: open none.zip"}},
		{"another package", map[string]string{"PUBLISH_SHA256": sum(nil)}, []string{"expected SHA-256 " + sum(nil) + ", got "}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for name, value := range tt.edits {
				w.environ[name] = value
			}
			err := w.publish()
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
			if len(w.requests)+len(w.forms) > 0 {
				t.Errorf("expected no requests, got %q", w.requests)
			}
		})
	}
}

func TestDeploymentID(t *testing.T) {
	t.Parallel()
	location := http.Header{"Location": {"https://app.scm.test/api/deployments/d1"}}
	for _, tt := range []struct {
		name   string
		header http.Header
		body   string
		want   string
	}{
		{"JSON text", nil, `"d1"`, "d1"},
		{"bare text", nil, "d1\n", "d1"},
		{"object", nil, `{"id":"d1"}`, "d1"},
		{"header", http.Header{"Scm-Deployment-Id": {"d1"}}, "", "d1"},
		{"address to poll", location, "", "d1"},
		{"a page", nil, "<html></html>", ""},
		{"nothing", nil, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := deploymentID(&http.Response{Header: tt.header}, []byte(tt.body)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestRefusedSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.environ["ARM_CLIENT_SECRET"] = "other"
	err := w.publish()
	const want = "publish to orders-client-app1a2b3c4d: sign in: AADSTS7000215: Invalid client secret provided. Trace ID: x"
	var hinted *azurecloud.HintError
	if err == nil || err.Error() != want || !errors.As(err, &hinted) {
		t.Errorf("got %v, want %q with a hint", err, want)
	}
	if len(w.requests) > 0 {
		t.Errorf("expected nothing to be sent, got %q", w.requests)
	}
}

// TestBusySignIn: a token endpoint that is busy for minutes is waited for, as long
// as anything else.
func TestBusySignIn(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusInternalServerError} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.outage = slices.Repeat([]int{status}, 50)
			if err := w.publish(); err != nil {
				t.Fatal(err)
			}
			const want = "publish: waiting for the sign-in, 0s of 15m0s: sign in: the token endpoint does not answer as it should: AADSTS90033"
			if !strings.Contains(w.output.String(), want) {
				t.Errorf("got output:\n%s\nwant %q in it", w.output.String(), want)
			}
		})
	}
	t.Run("for too long", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.outage = slices.Repeat([]int{503}, 100_000)
		err := w.publish()
		var hinted *azurecloud.HintError
		if err == nil || !strings.Contains(err.Error(), "gave up after 1") || !errors.As(err, &hinted) || !strings.Contains(hinted.Hint, "Microsoft Entra ID") {
			t.Errorf("got %v, want it to give up at the end of its time, with a hint", err)
		}
	})
}
