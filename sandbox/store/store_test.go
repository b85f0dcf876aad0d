package store_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"app-to-app/sandbox/store"
)

const tenant = "11111111-1111-1111-1111-111111111111"

func open(t *testing.T, dir string) *store.Store {
	t.Helper()
	wall := func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }
	s, err := store.Open(dir, wall)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStateSurvivesReopening(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	if err := s.Update(func(tx *store.Tx) error {
		store.Applications.Put(tx, store.TenantKey(tenant, "A"), store.Application{TenantID: tenant, ObjectID: "A", ClientID: "c"})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.Advance(24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	defer s.Close()
	if got, want := s.Now().Sub(s.Wall()), 24*time.Hour; got != want {
		t.Errorf("got clock offset %s, want %s", got, want)
	}
	s.View(func(tx *store.Tx) error {
		if app, ok := store.ApplicationByClientID(tx, tenant, "C"); !ok || app.ObjectID != "A" {
			t.Errorf("got application %+v, %t; want the one stored", app, ok)
		}
		return nil
	})
}

func TestAFailedUpdateStoresNothing(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	defer s.Close()
	problem := errors.New("no")
	err := s.Update(func(tx *store.Tx) error {
		store.Tenants.Put(tx, tenant, store.Tenant{ID: tenant})
		return problem
	})
	if !errors.Is(err, problem) {
		t.Fatalf("got error %v, want %v", err, problem)
	}
	s.View(func(tx *store.Tx) error {
		if _, ok := store.Tenants.Get(tx, tenant); ok {
			t.Error("got a tenant, want none")
		}
		return nil
	})
}

func TestWritingInAViewFails(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	defer s.Close()
	err := s.View(func(tx *store.Tx) error {
		store.Tenants.Put(tx, tenant, store.Tenant{ID: tenant})
		return nil
	})
	if err == nil {
		t.Error("got no error, want one")
	}
}

func TestOneProcessOwnsTheStore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	defer s.Close()
	if _, err := store.Open(dir, nil); !errors.Is(err, store.ErrInUse) {
		t.Errorf("got error %v, want %v", err, store.ErrInUse)
	}
}

// TestACorruptFileIsNamed follows the offered fix.
func TestACorruptFileIsNamed(t *testing.T) {
	t.Parallel()
	whole := t.TempDir()
	if err := open(t, whole).Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(whole, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		content []byte
	}{
		{"text", []byte(strings.Repeat("not a database\n", 1000))},
		{"a short text", []byte("x")},
		{"without its beginning", good[len(good)/2:]},
		{"zeros", make([]byte, len(good))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "of Ann")
			path := filepath.Join(dir, "state.db")
			if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(path, tt.content, 0o600)); err != nil {
				t.Fatal(err)
			}
			_, err := store.Open(dir, nil)
			if err == nil || !strings.HasPrefix(err.Error(), "open store: expected the state of a sandbox in "+path+", got ") {
				t.Fatalf("got %v, want an error that names %s", err, path)
			}
			_, fix, _ := strings.Cut(err.Error(), "; fix: ")
			fix, _, _ = strings.Cut(fix, ", which loses ")
			if out, err := exec.Command("sh", "-c", fix).CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", fix, err, out)
			}
			open(t, dir).Close()
		})
	}
}

func TestTheClockDoesNotGoBack(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	defer s.Close()
	if err := s.Advance(-time.Second); err == nil {
		t.Error("got no error, want one")
	}
}

func TestDeletedPrincipalsAreNotFound(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	defer s.Close()
	gone := s.Now()
	err := s.Update(func(tx *store.Tx) error {
		store.ServicePrincipals.Put(tx, store.TenantKey(tenant, "live"), store.ServicePrincipal{TenantID: tenant, ObjectID: "live", ClientID: "x"})
		store.ServicePrincipals.Put(tx, store.TenantKey(tenant, "gone"), store.ServicePrincipal{TenantID: tenant, ObjectID: "gone", ClientID: "y", DeletedAt: &gone})
		store.AppRoleAssignments.Put(tx, store.TenantKey(tenant, "held"), store.AppRoleAssignment{PrincipalID: "live", ResourceID: "other"})
		store.AppRoleAssignments.Put(tx, store.TenantKey(tenant, "else"), store.AppRoleAssignment{PrincipalID: "someone", ResourceID: "other"})
		if _, ok := store.ServicePrincipalByClientID(tx, tenant, "y"); ok {
			t.Error("got a deleted service principal by client id, want none")
		}
		if _, ok := store.LiveServicePrincipal(tx, tenant, "GONE"); ok {
			t.Error("got a deleted service principal by object id, want none")
		}
		store.RemovePrincipal(tx, tenant, "live")
		if _, ok := store.AppRoleAssignments.Get(tx, store.TenantKey(tenant, "held")); ok {
			t.Error("got the assignment of a removed principal, want none")
		}
		if _, ok := store.AppRoleAssignments.Get(tx, store.TenantKey(tenant, "else")); !ok {
			t.Error("got no assignment of somebody else, want it kept")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestContentIsKeptByItsHash(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	defer s.Close()
	sum, size, err := s.PutContent(strings.NewReader("zip"))
	if err != nil {
		t.Fatal(err)
	}
	if again, _, err := s.PutContent(strings.NewReader("zip")); err != nil || again != sum {
		t.Errorf("got %q, %v for the same bytes; want %q", again, err, sum)
	}
	data, err := os.ReadFile(s.ContentPath(sum))
	if err != nil || string(data) != "zip" || size != 3 {
		t.Errorf("got %q (%d bytes), %v; want %q", data, size, err, "zip")
	}
}

func TestHoldingReturnsEveryMatch(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	defer s.Close()
	err := s.Update(func(tx *store.Tx) error {
		for key, principal := range map[string]string{"1": "AAAA-bbbb", "2": "cccc", "3": "<&>", "4": "aaaa-bbbb"} {
			store.AppRoleAssignments.Put(tx, store.TenantKey(tenant, key), store.AppRoleAssignment{ID: key, PrincipalID: principal})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"aaaa-BBBB": "14", "cccc": "2", "<&>": "1234", "": "1234", "none": ""} {
		t.Run(id, func(t *testing.T) {
			got := ""
			s.View(func(tx *store.Tx) error {
				for _, a := range store.AppRoleAssignments.Holding(tx, store.TenantKey(tenant, ""), id) {
					got += a.ID
				}
				return nil
			})
			if got != want {
				t.Errorf("got objects %q, want %q", got, want)
			}
		})
	}
}

func TestDeleteBelow(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	defer s.Close()
	var left []string
	if err := s.Update(func(tx *store.Tx) error {
		for _, key := range []string{"/a", "/a/b", "/a/c/d", "/ab", "/b"} {
			store.RoleAssignments.Put(tx, key, store.RoleAssignment{})
		}
		store.RoleAssignments.DeleteBelow(tx, "/a/")
		for key := range store.RoleAssignments.All(tx, "") {
			left = append(left, key)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"/a", "/ab", "/b"}; !slices.Equal(left, want) {
		t.Errorf("got %q left, want %q", left, want)
	}
}
