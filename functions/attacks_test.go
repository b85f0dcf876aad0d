package functions_test

import (
	"crypto/rsa"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"testing"
	"time"

	"app-to-app/functions/internal/verify/verifytest/attacks"
	"app-to-app/sandbox/entra"
	"app-to-app/sandbox/sandboxtest"
)

// forgeries maps the rows' ways of signing to the sandbox's names.
var forgeries = map[string]string{"raw": "PKCS1 SHA256", "HS256 empty": "HS256"}

// world is the cloud as a world for rows. Its good token is a real one, of a client
// with the role; the sandbox forges all others.
func (c *cloud) world(t *testing.T) *attacks.World {
	t.Helper()
	client := c.register(t, "attacker")
	c.assign(t, client.objectID)
	secret := c.addSecret(t, client)
	header, claims, err := entra.Decode(c.tokenOf(t, client.clientID, secret, c.registration.identifierURI+"/.default"))
	if err != nil {
		t.Fatal(err)
	}
	forge, other := c.sandbox.Entra(), c.sandbox.Tenants()[1].ID
	foreign, err := forge.ForeignKey()
	if err != nil {
		t.Fatal(err)
	}
	return attacks.NewWorld(attacks.World{
		Now:    time.Now(),
		Header: func() map[string]any { return maps.Clone(header) }, Claims: func() map[string]any { return maps.Clone(claims) },
		Values: map[string]string{
			"host": c.sandbox.BaseURL, "issuer": fmt.Sprint(claims["iss"]), "tenant": c.tenant.ID, "otherTenant": other,
			"audience": c.registration.clientID, "client": client.clientID, "object": client.objectID, "role": ordersRole,
			"kid": fmt.Sprint(header["kid"]), "jwk": jwk(t, foreign),
		},
		Sign: func(key, way string, content []byte) ([]byte, error) {
			if name, ok := forgeries[way]; ok {
				way = name
			}
			keys := map[string]entra.ForgeKey{"foreign": entra.Foreign, "otherTenant": entra.ForgeKey(other)}
			return forge.ForgeSignature(c.tenant.ID, keys[key], way, content)
		},
	})
}

// jwk is a public key that an attacker puts into the header.
func jwk(t *testing.T, key *rsa.PublicKey) string {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	content, err := json.Marshal(map[string]string{
		"kty": "RSA", "use": "sig", "kid": "foreign", "n": encode(key.N.Bytes()), "e": encode(big.NewInt(int64(key.E)).Bytes()),
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestAttackCorpus sends every row of the verifier's corpus to the deployed API,
// over plain connections, because a client library would not send some of them.
// Each row must get the answer that it states, from the API or from the server in
// front of it.
func TestAttackCorpus(t *testing.T) {
	t.Parallel()
	c := startCloud(t)
	world := c.world(t)
	rows := attacks.Read(t, "internal/verify/testdata/attacks.json")
	if len(rows) < 60 {
		t.Errorf("got %d rows, want at least 60", len(rows))
	}
	for _, row := range rows {
		t.Run(row.Name, func(t *testing.T) {
			request, _ := world.Request(t, row)
			connection, err := tls.Dial("tcp", c.api.host, &tls.Config{RootCAs: c.sandbox.Roots()})
			if err != nil {
				t.Fatal(err)
			}
			row.CheckServed(t, attacks.Send(t, connection, request))
		})
	}
	var leaks sandboxtest.Leaks
	leaks.Issued(t, c.sandbox)
	leaks.Look(t, "the API's log", c.logs(c.api))
}
