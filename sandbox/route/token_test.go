package route

import (
	"encoding/base64"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestReadToken(t *testing.T) {
	t.Parallel()
	sent := func(payload string) string {
		return "Bearer eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2lnbmF0dXJl"
	}
	for _, tt := range []struct {
		name, header string
		want         *Token
	}{
		{"version 2", sent(`{"tid":"t","iss":"i","aud":"a","oid":"o","azp":"c","roles":["R"],"idtyp":"app","uti":"u","exp":1767312245,"secret":"s"}`),
			&Token{TenantID: "t", Issuer: "i", Audience: "a", ObjectID: "o", ClientID: "c", Roles: []string{"R"}, Kind: "app", ID: "u", Expires: time.Date(2026, 1, 2, 0, 4, 5, 0, time.UTC)}},
		{"version 1", sent(`{"appid":"c"}`), &Token{ClientID: "c"}},
		{"two audiences", sent(`{"aud":["a","b"],"oid":"o"}`), &Token{ObjectID: "o"}},
		{"none", "", nil},
		{"another scheme", "Basic eyJ.e30.x", nil},
		{"two parts", "Bearer eyJ.e30", nil},
		{"no base64", "Bearer eyJ.{}.x", nil},
		{"no object", sent(`[]`), nil},
		{"too long", sent(`{"oid":"` + strings.Repeat("o", maxTokenSize) + `"}`), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var cache tokenCache
			header := http.Header{"Authorization": {tt.header}}
			for range 2 { // the second is from the cache
				if got := cache.read(header); !reflect.DeepEqual(got, tt.want) {
					t.Errorf("got %+v, want %+v", got, tt.want)
				}
			}
		})
	}
}
