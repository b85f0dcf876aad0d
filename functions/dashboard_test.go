package functions_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"app-to-app/sandbox"
	"app-to-app/sandbox/sandboxtest"
	"app-to-app/sandbox/store"
)

// This file looks at the sandbox's dashboard in Chromium. It is here, and not with
// the dashboard, because here two apps can be deployed that call each other.

var screenshots = flag.String("screenshots", "", "folder for pictures of the dashboard")

// A browser is one tab of Chromium.
type browser struct {
	context.Context
	t *testing.T
}

// openBrowser starts Chromium. Without one it skips the test, unless the variable
// DASHBOARD is "required".
func openBrowser(t *testing.T) browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("DASHBOARD") == "required" {
			t.Fatal("expected Chromium on PATH; on Debian: apt-get install chromium")
		}
		t.Skip("no Chromium on PATH; on Debian: apt-get install chromium")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.WSURLReadTimeout(2*time.Minute))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewContext(ctx)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900)); err != nil { // the browser ends with the context that starts it, so not with one that times out
		t.Fatal(err)
	}
	return browser{ctx, t}
}

// run runs actions, which must succeed within two minutes.
func (b browser) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	get(b, chromedp.Steps(actions...))
}

// get is the value of an action, which must succeed within two minutes.
func get[T any](b browser, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeoutCause(b.Context, 2*time.Minute, errors.New("the page did not get there in two minutes"))
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatal(errors.Join(err, context.Cause(ctx)))
	}
	return value
}

// command sends a command of the DevTools protocol.
func command[P, R any](b browser, order cdp.Command[P, R], params P) R {
	b.t.Helper()
	result, err := chromedp.Call(b.Context, order, params)
	if err != nil {
		b.t.Fatal(err)
	}
	return result
}

// text is the visible text of what a selector finds first.
func (b browser) text(selector string) string {
	b.t.Helper()
	return get(b, chromedp.Text(chromedp.CSS(selector)))
}

// evaluate is the value of an expression on the page.
func evaluate[T any](b browser, expression string) T {
	b.t.Helper()
	return get(b, chromedp.Evaluate[T](expression))
}

// shoot keeps a picture of the page if the flag asks for it.
func (b browser) shoot(name string) {
	b.t.Helper()
	if *screenshots == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(*screenshots, name+".png"), get(b, chromedp.CaptureScreenshot()), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// waitFor waits until the live page has a text in what a selector finds.
func (b browser) waitFor(selector, text string) {
	b.t.Helper()
	expression := fmt.Sprintf("[...document.querySelectorAll(%q)].some((e) => e.textContent.includes(%q))", selector, text)
	if _, err := chromedp.Run(b.Context, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(time.Minute))); err != nil {
		b.t.Fatalf("%s never had %q, but %q: %v", selector, text, b.text(selector), err)
	}
}

// press clicks the button with that name.
func (b browser) press(name string) {
	b.t.Helper()
	loaded := chromedp.Events(b.Context, page.LoadEventFired)
	// In one step of the page: between finding a button and clicking it, its section
	// could be replaced.
	if !evaluate[bool](b, fmt.Sprintf(`(() => {
      const found = [...document.querySelectorAll("button")].find((e) => (e.getAttribute("aria-label") || e.textContent.trim()) === %q);
      if (found) found.click();
      return !!found;
    })()`, name)) {
		b.t.Fatalf("got no button %q", name)
	}
	for _, err := range loaded {
		if err != nil {
			b.t.Fatal(err)
		}
		break
	}
}

// TestDashboard tells a story in the browser: a client calls, loses its role, and
// is refused.
func TestDashboard(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	c := startCloud(t)
	daemon := c.register(t, "daemon")
	secret := c.addSecret(t, daemon)
	c.assign(t, daemon.objectID)
	c.changeSettings(t, &c.client, c.clientSettings("ORDERS_CLIENT_ID", daemon.clientID, "ORDERS_CLIENT_SECRET", secret))
	c.assign(t, c.identities[1].objectID) // and never uses it
	stranger := c.register(t, "stranger")
	c.addSecret(t, stranger)

	b.run(chromedp.Navigate(c.sandbox.DashboardLink()), chromedp.WaitVisible(chromedp.CSS("#h-picture")))
	if got := evaluate[string](b, "location.href"); strings.Contains(got, "token") {
		t.Errorf("got the address %s, want one without the token", got)
	}

	// The page is open while the client calls: it shows the call by itself.
	if status, _ := c.process(t); status != 200 {
		t.Fatalf("got %d, want the client to be admitted", status)
	}
	if response, _ := c.getOrders(t, nil); response.StatusCode != 401 {
		t.Fatalf("got %d without a token, want 401", response.StatusCode)
	}
	b.waitFor("svg .label", "Orders.Read · calls")
	b.waitFor("#picture-text", "1 held and used; 1 held and not used; 1 calls without a role")
	b.shoot("story")

	// The claims of the call are there, and the token is not.
	evaluate[any](b, `document.querySelector('[aria-labelledby="h-calls"] details summary').click()`)
	b.run(chromedp.WaitVisible(chromedp.CSS(".claims")))
	if claims := b.text(".claims"); !strings.Contains(claims, daemon.objectID) || !strings.Contains(claims, "Orders.Read") {
		t.Errorf("got the claims %q, want the client's object id and its role", claims)
	}

	// Revoked in the page: the arrow changes, and after its token has expired the
	// client is refused.
	b.press("Revoke Orders.Read of daemon")
	b.waitFor("#picture-text", "1 held and not used; 2 calls without a role")
	c.changeSettings(t, &c.client, c.clientSettings("ORDERS_CLIENT_ID", daemon.clientID, "ORDERS_CLIENT_SECRET", secret, "ORDERS_SCHEDULE", "0 0 0 2 1 *")) // restarts, and so asks for a token again
	status, answer := c.process(t)
	if status != 502 || len(answer.Results) != 1 || !strings.Contains(answer.Results[0].Error, "AADSTS501051") {
		t.Fatalf("got %d %+v, want the token refused because no role is assigned", status, answer)
	}
	b.waitFor(`[aria-labelledby="h-requests"] td`, "AADSTS501051")
	b.shoot("revoked")

	// The clock, and the lag.
	b.press("Clock + 30 days")
	b.waitFor(`[aria-labelledby="h-weather"] p`, "ahead of this machine")
	b.press("Lag of 1 minute")
	b.waitFor(`[aria-labelledby="h-weather"] p`, "known everywhere after 1m0s")
	b.press("End the lag")
	b.waitFor(`[aria-labelledby="h-weather"] p`, "Lag: none")
	for range 12 {
		b.press("Clock + 30 days")
	}
	b.press("Clock + 30 days")
	b.press("Rotate signing keys")
	b.run(chromedp.Navigate(evaluate[string](b, "location.href")))
	b.shoot("later")

	t.Run("looks", func(t *testing.T) { browser{b.Context, t}.looks() })
	t.Run("accessibility", func(t *testing.T) { browser{b.Context, t}.accessible() })
	t.Run("secrets", func(t *testing.T) {
		html := evaluate[string](b, "document.documentElement.outerHTML")
		noTokens(t, html)
		var leaks sandboxtest.Leaks
		leaks.Issued(t, c.sandbox)
		leaks.Look(t, "the page", html)
	})
	t.Run("without its script", func(t *testing.T) {
		b := browser{b.Context, t}
		command(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		b.run(chromedp.Reload())
		html := get(b, chromedp.OuterHTML(chromedp.CSS("main")))
		for _, want := range []string{"Rights at orders-api", "Access matrix", "Rotate signing keys"} {
			if !strings.Contains(html, want) {
				t.Errorf("got a page without %q", want)
			}
		}
	})
}

// looks keeps pictures of all four looks, and checks that nothing but what scrolls
// is wider than a narrow window.
func (b browser) looks() {
	for _, theme := range []string{"light", "dark"} {
		for name, width := range map[string]int64{"wide": 1280, "narrow": 390} {
			command(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
			b.run(chromedp.EmulateViewport(width, 900))
			if over := evaluate[int64](b, "document.documentElement.scrollWidth"); over > width {
				b.t.Errorf("%s, %s: the page is %d wide, in a window of %d", theme, name, over, width)
			}
			b.shoot(theme + "-" + name)
			if low := evaluate[[]string](b, lowContrast); len(low) > 0 {
				b.t.Errorf("%s: texts with a contrast below 4.5: %q", theme, low)
			}
		}
	}
	command(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	b.run(chromedp.EmulateViewport(1280, 900))
}

// lowContrast lists the texts whose contrast with what is behind them is below 4.5
// (https://www.w3.org/TR/WCAG22/#contrast-minimum).
const lowContrast = `(() => {
  const parse = (c) => c.match(/[\d.]+/g).map(Number);
  const part = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = (c) => 0.2126 * part(c[0]) + 0.7152 * part(c[1]) + 0.0722 * part(c[2]);
  const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  const low = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), e = walker.currentNode.parentElement;
    if (!text || !e.checkVisibility() || e.tagName === "TITLE" || e.tagName === "title" || e.tagName === "SCRIPT") continue;
    const style = getComputedStyle(e);
    const front = parse(e.namespaceURI.endsWith("svg") ? style.fill : style.color);
    const [a, b] = [light(front), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) low.push(text.slice(0, 30) + " " + ratio.toFixed(2));
  }
  return low;
})()`

// accessible checks what a screen reader is told, and what the keyboard reaches.
func (b browser) accessible() {
	nodes := command(b, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes
	named := map[string]int{}
	for _, node := range nodes {
		if node.Ignored || node.Role == nil {
			continue
		}
		role := strings.Trim(string(node.Role.Value), `"`)
		name := ""
		if node.Name != nil {
			name = strings.Trim(string(node.Name.Value), `"`)
		}
		named[role]++
		if slices.Contains([]string{"button", "link", "heading", "region", "checkbox", "table", "image", "img", "navigation", "summary", "DisclosureTriangle"}, role) && strings.TrimSpace(name) == "" {
			b.t.Errorf("a %s has no name", role)
		}
	}
	for _, role := range []string{"main", "banner", "navigation", "heading", "button", "table", "contentinfo", "status"} {
		if named[role] == 0 {
			b.t.Errorf("got no %s, among %v", role, named)
		}
	}
	// Tab goes through everything that can be used, in the order of the page.
	wrong := evaluate[[]string](b, `(() => {
      const usable = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), summary, [tabindex='0']")].filter((e) => e.checkVisibility());
      return usable.filter((e) => e.tabIndex !== 0).map((e) => e.outerHTML.slice(0, 80));
    })()`)
	if len(wrong) > 0 {
		b.t.Errorf("the keyboard reaches these out of order or not at all: %q", wrong)
	}
	if ids := evaluate[[]string](b, `(() => { const all = [...document.querySelectorAll("[id]")].map((e) => e.id); return all.filter((id, i) => all.indexOf(id) !== i); })()`); len(ids) > 0 {
		b.t.Errorf("ids that are there twice: %q", ids)
	}
	if levels := evaluate[[]string](b, `[...document.querySelectorAll("h1,h2,h3")].map((e) => e.tagName)`); len(levels) < 5 || levels[0] != "H1" || slices.Contains(levels[1:], "H1") {
		b.t.Errorf("got the headings %v, want one H1 and H2s below it", levels)
	}
}

// TestDashboardOfMany shows 300 clients.
func TestDashboardOfMany(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	s := sandboxtest.Start(t, sandboxtest.Options{})
	crowd300(t, s)
	b.run(chromedp.Navigate(s.DashboardLink()), chromedp.WaitVisible(chromedp.CSS("#h-picture")))
	b.run(chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS("#h-picture")))
	if boxes := evaluate[int](b, `document.querySelectorAll("svg .box").length`); boxes > 12 {
		t.Errorf("got %d boxes for 300 clients, want those that look alike in one", boxes)
	}
	if rows := evaluate[int](b, `document.querySelectorAll(".matrix tbody tr").length`); rows != 300 {
		t.Errorf("got %d rows in the matrix, want one for each of 300 clients", rows)
	}
	t.Logf("first paint after %.0f ms", evaluate[float64](b, `performance.getEntriesByName("first-contentful-paint")[0].startTime`))
	b.shoot("many")
	// A row above goes away: the button that has the focus is still that of its row.
	const name = `document.activeElement.getAttribute("aria-label")`
	focused := evaluate[string](b, `document.querySelectorAll(".matrix tbody tr")[100].querySelector("button").focus(), `+name)
	err := s.Store().Update(func(tx *store.Tx) error {
		for _, a := range store.AppRoleAssignments.All(tx, "") {
			if sp, _ := store.ServicePrincipals.Get(tx, store.TenantKey(a.TenantID, a.PrincipalID)); sp.DisplayName == "client-000" {
				store.AppRoleAssignments.Delete(tx, store.TenantKey(a.TenantID, a.ID))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Run(b.Context, chromedp.Poll[bool](`document.querySelectorAll(".matrix tbody tr").length === 299`, chromedp.WithPollingTimeout(time.Minute))); err != nil {
		t.Fatal(err)
	}
	if got := evaluate[string](b, name); got != focused || !strings.Contains(got, "client-100") {
		t.Errorf("the focus is at %q, want %q", got, focused)
	}
}

// crowd300 gives the first tenant an API and 300 clients of a stack, of which one
// has no mark, as they are stored: 300 requests each would take long.
func crowd300(t *testing.T, s *sandbox.Sandbox) {
	t.Helper()
	tenant := s.Tenants()[0].ID
	err := s.Store().Update(func(tx *store.Tx) error {
		principal := func(name string, roles []store.AppRole, tags ...string) string {
			objectID, clientID := uuid.NewString(), uuid.NewString()
			store.Applications.Put(tx, store.TenantKey(tenant, objectID+"a"), store.Application{TenantID: tenant, ObjectID: objectID + "a", ClientID: clientID, DisplayName: name, AppRoles: roles})
			store.ServicePrincipals.Put(tx, store.TenantKey(tenant, objectID), store.ServicePrincipal{TenantID: tenant, ObjectID: objectID, ClientID: clientID, DisplayName: name, Type: store.ServicePrincipalApplication, Tags: tags})
			return objectID
		}
		const stack = "pulumi-stack:app-to-app/prod"
		roles := []store.AppRole{{ID: uuid.NewString(), Value: "Orders.Read"}, {ID: uuid.NewString(), Value: "Orders.Export"}}
		api := principal("orders-api (prod)", roles, stack)
		for i := range 300 {
			tags := []string{stack}
			if i == 17 {
				tags = nil
			}
			client := principal(fmt.Sprintf("client-%03d", i), nil, tags...)
			id := uuid.NewString()
			store.AppRoleAssignments.Put(tx, store.TenantKey(tenant, id), store.AppRoleAssignment{TenantID: tenant, ID: id, AppRoleID: roles[i%7/6].ID, PrincipalID: client, ResourceID: api, CreatedAt: s.Store().Now()})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
