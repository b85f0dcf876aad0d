package dashboard

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"app-to-app/timeline"
)

// A credentialLine is the client secrets, certificates and federated identity
// credentials, each as a bar from its start to its end.
type credentialLine struct {
	timeline.Line
	Bars []bar
}

// A bar is one credential.
type bar struct {
	Application string
	Kind        string
	KeyID       string
	timeline.Bar
}

func (w *world) credentials(now time.Time) (t credentialLine) {
	for _, app := range w.applications {
		for _, p := range app.PasswordCredentials {
			t.Bars = append(t.Bars, bar{Application: app.DisplayName, Kind: "client secret", KeyID: p.KeyID, Bar: timeline.Bar{Start: p.Start, End: p.End}})
		}
		for _, k := range app.KeyCredentials {
			b := bar{Application: app.DisplayName, Kind: "certificate", KeyID: k.KeyID, Bar: timeline.Bar{Start: k.Start, End: k.End}}
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
	bars := make([]*timeline.Bar, len(t.Bars))
	for i := range t.Bars {
		bars[i] = &t.Bars[i].Bar
	}
	t.Line = timeline.Place(now, bars)
	return t
}
