package languagehost

import (
	"strings"
	"testing"
)

func TestParseArguments(t *testing.T) {
	t.Parallel()
	const address = "127.0.0.1:12345"
	for _, test := range []struct {
		name, args string
		address    string
		problem    string
	}{
		{"none, to be attached", "", "", ""},
		{"the engine's address", address, address, ""},
		{"options of a program", "-root=/x -binary=y -buildTarget=z " + address, address, ""},
		{"a verbose engine", "--logtostderr -v=9 --tracing 127.0.0.1:6007 " + address, address, ""},
		{"the other flags of glog", "-logtostderr=false -alsologtostderr -stderrthreshold=INFO -vmodule=a=2 -log_dir /x -logflow " + address, address, ""},
		{"a flag that no engine passes", "-verbose " + address, "", "-verbose"},
		{"two addresses", address + " " + address, "", "expected the engine's address as the only argument, got 2 arguments"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := parseArguments(strings.Fields(test.args))
			if got != test.address {
				t.Errorf("got address %q, want %q", got, test.address)
			}
			if test.problem == "" && err != nil || test.problem != "" && (err == nil || !strings.Contains(err.Error(), test.problem)) {
				t.Errorf("got error %v, want %q in it", err, test.problem)
			}
		})
	}
}
