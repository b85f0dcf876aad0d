package orders_test

import (
	"encoding/json"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"app-to-app/functions/internal/orders"
)

func TestSample(t *testing.T) {
	t.Parallel()
	list := orders.Sample()
	if len(list) != 5 {
		t.Fatalf("got %d orders, want 5", len(list))
	}
	code := regexp.MustCompile(`^R-\d+$`)
	seen := map[string]bool{}
	for _, order := range list {
		if seen[order.ID] {
			t.Errorf("got id %q twice", order.ID)
		}
		seen[order.ID] = true
		if !code.MatchString(order.Rep) {
			t.Errorf("got rep %q, want a code", order.Rep)
		}
		if got, want := int64(order.Total), int64(order.Units)*int64(order.UnitCost); got != want || got == 0 {
			t.Errorf("order %s: got total %d cents, want %d", order.ID, got, want)
		}
	}
	list[0].ID = "changed"
	if orders.Sample()[0].ID == "changed" {
		t.Error("got the caller's change in the next sample")
	}
}

func TestOrderAsJSON(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(orders.Sample()[4])
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":"SO-1005","date":"2026-03-02","region":"East","rep":"R-31","item":"Cable tie","units":1250,"unitCost":0.07,"total":87.50}`
	if string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var back orders.Order
	if err := json.Unmarshal(got, &back); err != nil || back != orders.Sample()[4] {
		t.Errorf("read back: got %+v, %v", back, err)
	}
}

func TestAmount(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]orders.Amount{
		"0": 0, "7": 700, "0.07": 7, "0.7": 70, "18.75": 1875, "-0.05": -5, "92233720368547758.07": math.MaxInt64,
	} {
		t.Run("reads "+text, func(t *testing.T) {
			t.Parallel()
			var got orders.Amount
			if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
				t.Errorf("got %d, %v, want %d", got, err, want)
			}
		})
	}
	for name, text := range map[string]string{
		"three decimals": "1.005", "exponent": "1e3", "string": `"1.00"`, "null": "null", "boolean": "true",
		"too large": "92233720368547758.08", "object": "{}",
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			var got orders.Amount
			if err := json.Unmarshal([]byte(text), &got); err == nil {
				t.Errorf("got %s, want an error", got)
			}
		})
	}
	for amount, want := range map[orders.Amount]string{0: "0.00", 5: "0.05", -5: "-0.05", -12345: "-123.45", math.MinInt64: "-92233720368547758.08"} {
		t.Run("writes "+want, func(t *testing.T) {
			t.Parallel()
			if got := amount.String(); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestTimesDoesNotOverflow(t *testing.T) {
	t.Parallel()
	if got := orders.Amount(-250).Times(3); got != -750 {
		t.Errorf("got %d, want -750", got)
	}
	for name, units := range map[string]int{"negative": -1, "too many": 1 << 40} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Errorf("got no panic for %d units", units)
				}
			}()
			orders.Amount(1 << 40).Times(units)
		})
	}
}

func TestFilter(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, query string
		want        []string
	}{
		{"none", "", []string{"SO-1001", "SO-1002", "SO-1003", "SO-1004", "SO-1005"}},
		{"region", "region=North", []string{"SO-1001", "SO-1004"}},
		{"region in another case", "region=north", []string{"SO-1001", "SO-1004"}},
		{"representative", "rep=R-04", []string{"SO-1002", "SO-1004"}},
		{"both", "rep=R-04&region=North", []string{"SO-1004"}},
		{"nothing matches", "region=Atlantis", []string{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			filter, err := orders.ParseFilter(test.query)
			if err != nil {
				t.Fatal(err)
			}
			got := []string{}
			selected := filter.Apply(orders.Sample())
			for _, order := range selected {
				got = append(got, order.ID)
			}
			if !slices.Equal(got, test.want) || selected == nil {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestFilterRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, query, want string }{
		{"unknown name", "colour=red", `"colour" is unknown; allowed are region and rep`},
		{"name in another case", "Region=North", `"Region" is unknown`},
		{"one unknown among known", "region=North&page=2", `"page" is unknown`},
		{"repeated name", "region=North&region=South", `"region": expected once, got 2 times`},
		{"empty value", "rep=", `"rep": expected a value`},
		{"blank value", "rep=%20", `"rep": expected a value`},
		{"no value", "region", `"region": expected a value`},
		{"bad encoding", "region=%zz", "URL-encoded"},
		{"semicolon", "region=North;rep=R-04", "URL-encoded"},
		{"long unknown name", url.Values{strings.Repeat("x", 5000): {"1"}}.Encode(), "…"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := orders.ParseFilter(test.query)
			if err == nil || !strings.Contains(err.Error(), test.want) || len(err.Error()) > 200 {
				t.Errorf("got %v, want a short error with %q", err, test.want)
			}
		})
	}
}
