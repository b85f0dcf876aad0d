package picture_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"app-to-app/tenant"
	"app-to-app/tenant/picture"
)

var now = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

const hostile = `"><script>alert(1)</script></title></text>`

// subject is a tenant with one of everything, and a number of clients that are as
// declared.
func subject(clients int) picture.Subject {
	cell := func(states ...string) (cells []tenant.SeenCell) {
		for _, state := range states {
			c := tenant.SeenCell{State: state}
			if state != tenant.CellNone && state != tenant.CellMissing {
				c.Since = now.AddDate(0, -2, 0)
			}
			cells = append(cells, c)
		}
		return cells
	}
	seen := tenant.Seen{API: "orders",
		Roles: []tenant.SeenRole{{Value: "Orders.Read", ID: "r", Declared: true, Found: true}, {Value: "Orders.Export", ID: "e", Declared: true, Found: true, Disabled: true}, {Value: "Orders.Admin", ID: "a", Found: true}},
		Rows: []tenant.SeenRow{
			{Name: "Stranger", Kind: "ServicePrincipal", ObjectID: "s-1", Cells: cell("undeclared", "", "undeclared")},
			{Name: "reports", Kind: "clientSecret", ObjectID: "c-1", Client: true, Cells: cell("missing", "", "")},
			{Name: "nightly-export", Kind: "managedIdentity", ObjectID: "c-2", Client: true, State: "disabled", Cells: cell("disabled", "disabled", "")},
			{Name: "warehouse", Kind: "managedIdentity", ObjectID: "c-3", Client: true, Cells: cell("unknown", "", "")},
		},
		Lives: []tenant.Life{
			{Subject: "client reports", Kind: "client secret", ID: "k-1", Name: "reports-secret-227", Declared: true, Start: now.AddDate(0, 0, -70), End: now.AddDate(0, 0, 110), Phase: tenant.PhaseKept,
				Marks: []tenant.Mark{{At: now.AddDate(0, 0, -70)}, {At: now.AddDate(0, 0, -48)}, {At: now.AddDate(0, 0, -5)}, {At: now.AddDate(0, 0, 17)}}},
			{Subject: "client reports", Kind: "client secret", ID: "k-2", Name: "reports-secret-228", Declared: true, Start: now.AddDate(0, 0, -20), End: now.AddDate(0, 0, 200), Phase: tenant.PhaseCurrent,
				Marks: []tenant.Mark{{At: now.AddDate(0, 0, -20)}, {At: now.AddDate(0, 0, -5)}, {At: now.AddDate(0, 0, 85)}, {At: now.AddDate(0, 0, 107)}}},
			{Subject: "client reports", Kind: "client secret", ID: "k-3", Name: "by hand", Start: now.AddDate(0, 0, -3), End: now.AddDate(0, 0, 180)},
			{Subject: "client warehouse", Kind: "federated identity credential", ID: "f-1", Name: "identity", Declared: true, Trusts: "issuer https://login.microsoftonline.com/t/v2.0, subject 1234"},
			{Subject: "client archive", Kind: "certificate", ID: "k-4", Declared: true, Missing: true},
		},
	}
	for i := range clients {
		seen.Rows = append(seen.Rows, tenant.SeenRow{Name: fmt.Sprintf("client-%02d", i+1), Kind: "managedIdentity", ObjectID: fmt.Sprintf("m-%d", i+1), Client: true, Cells: cell("held", "", "")})
	}
	return picture.Subject{Stack: "stack prod", Now: now, Report: tenant.AuditReport{
		Seen: seen, LookedAt: "looked at: what the exports name",
		Differences: []tenant.Difference{
			{Kind: tenant.AssignmentUndeclared, Subject: "Stranger", Text: `ServicePrincipal "Stranger" (s-1) holds the app role Orders.Read of the API since 2026-09-20T09:30:00Z, which the stack does not declare`, Fix: "declare the client in the setting clients"},
			{Kind: tenant.AssignmentMissing, Subject: "reports", Text: "reports (c-1) does not hold the app role Orders.Read of the API, which the stack declares", Fix: "pulumi up --refresh"},
			{Kind: tenant.EasyAuthOn, Subject: "function app of API", Text: "App Service Authentication is on", Fix: "az webapp auth update"},
		},
	}, Identities: []tenant.Identity{
		{Name: "app-to-app-prod", ObjectID: "d-1", ClientID: "d", Because: "a declared owner", Trusts: []string{"GitHub: repo:ORG/REPO:environment:prod", "GitHub: repo:ORG/REPO:environment:repair-prod"},
			Permissions: []tenant.Permission{{Name: "Application.ReadWrite.OwnedBy", On: "Microsoft Graph"}, {Name: "AppRoleAssignment.ReadWrite.All", On: "Microsoft Graph", Becomes: "can give itself any app role"}},
			Roles:       []tenant.Permission{{Name: "Contributor", On: "/subscriptions/22222222-0000-4000-8000-000000000000"}}, Unread: []string{"directory roles are not looked at"}},
		{Name: "Stranger", ObjectID: "s-1", Because: "an owner that is not declared", Undeclared: true, Keys: 1},
	}}
}

func drawn(t *testing.T, s picture.Subject) (page, drawing string) {
	t.Helper()
	var html, svg bytes.Buffer
	if err := errors.Join(picture.HTML(&html, s), picture.SVG(&svg, s)); err != nil {
		t.Fatal(err)
	}
	return html.String(), svg.String()
}

// TestWriteSamples writes pictures to look at: PICTURES=FOLDER go test ./tenant/picture
func TestWriteSamples(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("PICTURES")
	if folder == "" {
		t.Skip("PICTURES names no folder")
	}
	for name, s := range map[string]picture.Subject{"3": subject(0), "60": subject(56)} {
		page, drawing := drawn(t, s)
		if err := errors.Join(os.WriteFile(folder+"/"+name+".html", []byte(page), 0o644), os.WriteFile(folder+"/"+name+".svg", []byte(drawing), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

// count is how often a pattern is in a text.
func count(text, pattern string) int { return len(regexp.MustCompile(pattern).FindAllString(text, -1)) }

// TestEveryCellIsDrawn counts the signs and the words of each state in both pictures: a
// holder that is left out, or a state that is drawn as another, is one too few.
func TestEveryCellIsDrawn(t *testing.T) {
	t.Parallel()
	for _, clients := range []int{0, 3, 60} {
		page, drawing := drawn(t, subject(clients))
		for state, want := range map[string]int{"undeclared": 2, "missing": 1, "disabled": 2, "unknown": 1, "held": clients} {
			if got := count(page, `<td class="cell"><span class="`+state+`"><svg class="sign `+state+`"[^>]*>.+?</svg><b>`+state+`</b>`); got != want {
				t.Errorf("%d clients: page: got %d cells %s, want %d", clients, got, state, want)
			}
			if got := count(drawing, `<title>[^<]*, Orders\.\w+: `+state+`</title>`); got != want {
				t.Errorf("%d clients: drawing: got %d signs %s, want %d", clients, got, state, want)
			}
			if got := count(drawing, `<desc[^>]*>.*?</desc>`); got != 1 {
				t.Errorf("expected one description, got %d", got)
			}
			described := regexp.MustCompile(`<desc[^>]*>(.*?)</desc>`).FindStringSubmatch(drawing)[1]
			if got := count(described, `Orders\.\w+ `+state+`\.`); got != want {
				t.Errorf("%d clients: description: got %d %s, want %d", clients, got, state, want)
			}
		}
		if got := count(page, `<tr class="look"><th scope="row">Stranger<br>`); got != 1 {
			t.Errorf("page: got %d marked rows of the stranger, want 1", got)
		}
	}
}

// TestUndeclaredLeftOut: without the stranger, the assertions above find less.
func TestUndeclaredLeftOut(t *testing.T) {
	t.Parallel()
	s := subject(3)
	s.Report.Seen.Rows = s.Report.Seen.Rows[1:]
	page, drawing := drawn(t, s)
	if strings.Contains(page, `<tr class="look"><th scope="row">Stranger<br>`) || strings.Contains(drawing, "Stranger, Orders.Read: undeclared") {
		t.Error("expected nothing drawn for a holder that is not there")
	}
}

// TestHostileNames: a name from the tenant ends no element, in either picture, and the
// drawing stays well-formed.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	s := subject(1)
	s.Stack = hostile
	s.Report.Seen.API, s.Report.Seen.Roles[0].Value = hostile, hostile
	s.Report.Seen.Rows[0].Name, s.Report.Seen.Rows[0].Kind = hostile, hostile
	s.Report.Seen.Rows[0].Cells[0].Mark = hostile
	s.Report.Seen.Lives[0].Subject, s.Report.Seen.Lives[0].Name, s.Report.Seen.Lives[3].Trusts = hostile, hostile, hostile
	s.Report.Differences[0].Text, s.Report.Differences[0].Fix, s.Report.Notes = hostile, hostile, []string{hostile}
	s.Identities[0].Name, s.Identities[0].Trusts, s.Identities[0].Unread = hostile, []string{hostile}, []string{hostile + " could not be read"}
	s.Identities[0].Roles[0] = tenant.Permission{Name: hostile, On: hostile, Becomes: hostile}
	page, drawing := drawn(t, s)
	for name, text := range map[string]string{"page": page, "drawing": drawing} {
		if strings.Contains(text, "<script") || !strings.Contains(text, "&lt;script&gt;") {
			t.Errorf("%s: expected the name escaped, got:\n%s", name, text)
		}
		if found := regexp.MustCompile(`(?i)(?:src|href)="([^"]*)"|url\(|@import|\son\w+=`).FindAllString(text, -1); !slices.Equal(found, map[string][]string{"page": {`href="data:,"`}}[name]) {
			t.Errorf("%s: expected nothing from elsewhere and no script, got %q", name, found)
		}
	}
	decoder := xml.NewDecoder(strings.NewReader(drawing))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the drawing is not XML: %v\n%s", err, drawing)
		}
	}
}

// TestWhatWasNotSeenIsSaid: neither picture calls a tenant clean, and each thing that
// could not be looked at is in both.
func TestWhatWasNotSeenIsSaid(t *testing.T) {
	t.Parallel()
	blank := subject(2)
	blank.Report.Seen.Rows, blank.Report.Differences = blank.Report.Seen.Rows[4:], nil
	for _, tt := range []struct {
		name string
		edit func(*picture.Subject)
		want string
	}{
		{"a note", func(s *picture.Subject) { s.Report.Notes = []string{"app settings were not compared"} }, "app settings were not compared"},
		{"owners that were not read", func(s *picture.Subject) { s.Report.Seen.Unread = []string{"the owners of API were not read"} }, "the owners of API were not read"},
		{"an unknown cell", func(s *picture.Subject) { s.Report.Seen.Rows[0].Cells[0].State = tenant.CellUnknown }, "1 cell of the matrix: not looked at"},
		{"an identity's roles", func(s *picture.Subject) {
			s.Identities[0].Unread = []string{"Azure roles in the subscription x could not be read"}
		}, "app-to-app-prod: Azure roles in the subscription x could not be read"},
	} {
		s := blank
		s.Report.Seen.Rows = []tenant.SeenRow{blank.Report.Seen.Rows[0]}
		s.Report.Seen.Rows[0].Cells = slices.Clone(blank.Report.Seen.Rows[0].Cells)
		s.Identities = slices.Clone(blank.Identities)
		page, drawing := drawn(t, s)
		for _, text := range []string{page, drawing} {
			if !strings.Contains(text, "No difference from what the stack declares, in what was looked at.") || strings.Contains(text, "Not everything could be looked at") || strings.Contains(text, "Could not be looked at") {
				t.Errorf("%s: before: got:\n%s", tt.name, text)
			}
		}
		tt.edit(&s)
		page, drawing = drawn(t, s)
		for _, text := range []string{page, drawing} {
			if !strings.Contains(text, "Not everything could be looked at.") || !strings.Contains(text, "Could not be looked at") || !strings.Contains(text, tt.want) {
				t.Errorf("%s: expected %q and that not everything was looked at, got:\n%s", tt.name, tt.want, text)
			}
			if strings.Contains(strings.ToLower(text), "clean") {
				t.Errorf("%s: expected no picture to call anything clean", tt.name)
			}
		}
	}
}

// TestTimeLine: the one in use and the one that is kept are told apart, with the dates.
func TestTimeLine(t *testing.T) {
	t.Parallel()
	page, drawing := drawn(t, subject(0))
	for _, want := range []string{"in use until 2027-02-13", "kept for the overlap until 2026-12-07", "declared, and gone", "does not end", "ends 2027-05-19"} {
		if !strings.Contains(page, want) || !strings.Contains(drawing, want) {
			t.Errorf("expected %q in both pictures", want)
		}
	}
	for state, want := range map[string]int{"current": 1, "kept": 1, "undeclared": 1, "missing": 0} {
		if got := count(page, `<svg class="bar"[^>]*><rect class="`+state+`"`); got != want {
			t.Errorf("page: got %d bars %s, want %d", got, state, want)
		}
		if got := count(drawing, `<g class="bar `+state+`">`); got != want {
			t.Errorf("drawing: got %d bars %s, want %d", got, state, want)
		}
	}
}
