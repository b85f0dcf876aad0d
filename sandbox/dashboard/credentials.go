package dashboard

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// A timeline is the client secrets and certificates, each as a bar from its start
// to its end.
type timeline struct {
	From, To time.Time
	Now      float64 // percent of the way
	Bars     []bar
}

// A bar is one credential.
type bar struct {
	Application string
	Kind        string
	KeyID       string
	Start, End  time.Time
	Left, Width float64 // percent
	State       string
}

// soon is how long before its end a credential is called to end soon.
const soon = 30 * 24 * time.Hour

func (w *world) credentials(now time.Time) (t timeline) {
	for _, app := range w.applications {
		for _, p := range app.PasswordCredentials {
			t.Bars = append(t.Bars, bar{Application: app.DisplayName, Kind: "client secret", KeyID: p.KeyID, Start: p.Start, End: p.End})
		}
		for _, k := range app.KeyCredentials {
			b := bar{Application: app.DisplayName, Kind: "certificate", KeyID: k.KeyID, Start: k.Start, End: k.End}
			if sum, err := base64.StdEncoding.DecodeString(k.CustomKeyIdentifier); err == nil && len(sum) == 20 {
				b.Kind += ", thumbprint " + strings.ToUpper(hex.EncodeToString(sum[:4])) + "…"
			}
			t.Bars = append(t.Bars, b)
		}
		for _, f := range app.FederatedCredentials {
			t.Bars = append(t.Bars, bar{Application: app.DisplayName, Kind: "federated credential of " + f.Issuer, KeyID: f.ID})
		}
	}
	slices.SortFunc(t.Bars, func(a, b bar) int {
		return cmp.Or(strings.Compare(a.Application, b.Application), a.Start.Compare(b.Start), strings.Compare(a.KeyID, b.KeyID))
	})
	t.scale(now)
	return t
}

// scale places the bars between the first start and the last end.
func (t *timeline) scale(now time.Time) {
	t.From, t.To = now.Add(-24*time.Hour), now.Add(24*time.Hour)
	for _, b := range t.Bars {
		if !b.Start.IsZero() && b.Start.Before(t.From) {
			t.From = b.Start
		}
		if b.End.After(t.To) {
			t.To = b.End
		}
	}
	percent := func(at time.Time) float64 { return 100 * float64(at.Sub(t.From)) / float64(t.To.Sub(t.From)) }
	t.Now = percent(now)
	for i := range t.Bars {
		b := &t.Bars[i]
		switch {
		case b.End.IsZero():
			b.State = "does not end"
			b.Width = 100
			continue
		case !b.End.After(now):
			b.State = "ended"
		case b.Start.After(now):
			b.State = "not yet valid"
		case b.End.Sub(now) <= soon:
			b.State = "ends soon"
		default:
			b.State = "valid"
		}
		b.Left = percent(b.Start)
		b.Width = max(percent(b.End)-b.Left, 0.5)
	}
}
