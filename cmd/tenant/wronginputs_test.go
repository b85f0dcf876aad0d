package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"app-to-app/settings/settingstest"
)

var update = flag.Bool("update", false, "rewrite the commands in docs/wrong-inputs.md")

// A wrongCommand is a command line that is not right, or one in a shell that is not.
type wrongCommand struct {
	args    string
	environ string // NAME=value of the shell; an empty value unsets it
	code    int
	answer  string // in what is printed
}

// wrongCommands are the rows of docs/wrong-inputs.md, besides the unknown flag of
// each verb. FILE is a file that is not there, OTHER one with something else in it.
var wrongCommands = []wrongCommand{
	{"", "", exitUsage, "expected a verb, got nothing"},
	{"chekc -location westeurope", "", exitUsage, `expected one of the verbs, got "chekc"; did you mean check?`},
	{"tear-down -stack dev", "", exitUsage, "did you mean teardown?"},
	{"deploy", "", exitUsage, `expected one of the verbs, got "deploy"`},
	{"check", "", exitUsage, "expected -location or -stack, got neither"},
	{"check westeurope", "", exitUsage, `expected nothing more, got "westeurope"`},
	{"check -location West+Europe", "", exitUsage, "did you mean -location westeurope?"},
	{"check -location westeurop", "", exitDiffers, "the subscription has no such region; did you mean westeurope?"},
	{"check -location atlantis", "", exitDiffers, "the subscription has no such region; those with Flex Consumption: "},
	{"check -location westcentralus", "", exitDiffers, "the region does not offer Flex Consumption; those that do: "},
	{"check -stack typo", "", exitFailed, "no such stack"},
	{"check -stack slip", "", exitDiffers, "pulumi config set azure-native:location westeurope --stack slip"},
	{"check -stack nowhere", "", exitDiffers, "pulumi config set azure-native:location REGION --stack nowhere, one of those"},
	{"check -location westeurope -tenant contoso.com", "", exitUsage, `-tenant: expected a GUID, got "contoso.com"; az account list`},
	{"check -location westeurope -subscription Production", "", exitUsage, `-subscription: expected a GUID, got "Production"`},
	{"check -location westeurope", "ARM_CLIENT_SECRET=wrong", exitFailed, "sign in: AADSTS7000215: "},
	{"check -location westeurope", "ARM_CLIENT_ID=00000000-0000-4000-8000-00000000000f", exitFailed, "sign in: AADSTS700016: "},
	{"check -location westeurope", "ARM_TENANT_ID=00000000-0000-4000-8000-00000000000f", exitFailed, "sign in: AADSTS90002: "},
	{"check -location westeurope", "ARM_TENANT_ID=", exitFailed, "ARM_TENANT_ID: missing"},
	{"check -location westeurope", "ARM_CLIENT_ID=", exitFailed, "ARM_CLIENT_ID: missing"},
	{"check -location westeurope", "ARM_SUBSCRIPTION_ID=", exitFailed, "expected a pinned one or ARM_SUBSCRIPTION_ID, got neither"},
	{"check -location westeurope", "ARM_METADATA_HOSTNAME=https://CLOUD", exitFailed, "expected a host without https://, such as CLOUD\ntenant: hint: export ARM_METADATA_HOSTNAME=CLOUD"},
	{"check -location westeurope", "ARM_METADATA_HOSTNAME=127.0.0.1:1", exitFailed, "read the endpoints of ARM_METADATA_HOSTNAME=127.0.0.1:1: "},
	{"check -location westeurope", "ARM_USE_OIDC=yes", exitFailed, "ARM_USE_OIDC: expected true or false"},
	{"check -location westeurope", "ARM_CLIENT_CERTIFICATE_PATH=FILE", exitFailed, "read the client certificate: open FILE"},
	{"diff", "", exitUsage, "expected -stack, got nothing"},
	{"diff -stack typo", "", exitFailed, "no such stack"},
	{"diff -stack dev -preview FILE", "", exitFailed, "no such file"},
	{"diff -stack dev -preview OTHER", "", exitFailed, "expected the output of pulumi preview --json"},
	{"diff -stack dev -from OTHER", "", exitFailed, "expected what tenant diff -facts prints"},
	{"diff -stack dev -preview x -from y", "", exitUsage, "expected -from without -preview"},
	{"diff -stack dev -from y -facts", "", exitUsage, "expected -from without -preview"},
	{"diff -stack dev -facts -comment o/r#7", "", exitUsage, "expected one of -facts and -comment, got both"},
	{"diff -stack dev -comment o/r", "", exitUsage, "expected a pull request as OWNER/REPO#N"},
	{"diff -stack dev -comment https://github.com/o/r/pull/7", "", exitUsage, "expected a pull request as OWNER/REPO#N"},
	{"audit", "", exitUsage, "expected -stack or -outputs, got neither"},
	{"audit -stack typo", "", exitFailed, "no such stack"},
	{"audit -stack empty", "", exitFailed, `expected the output "apiClientId", got none`},
	{"audit -outputs FILE", "", exitFailed, "no such file"},
	{"audit -outputs OTHER", "", exitFailed, "expected the output of pulumi stack output --json"},
	{"audit -stack dev -json -md", "", exitUsage, "expected -json or -md, got both"},
	{"audit -stack dev -expiring -1", "", exitUsage, "-expiring: expected a number of days, got -1"},
	{"audit -stack dev -expiring soon", "", exitUsage, `invalid value "soon" for flag -expiring`},
	{"audit -stack dev -html FILE/page.html", "", exitFailed, "-html: expected a file that can be written, got FILE/page.html: no such file or directory"},
	{"audit -stack dev -svg OTHER/drawing.svg", "", exitFailed, "-svg: expected a file that can be written, got OTHER/drawing.svg: not a directory"},
	{"audit -stack dev -svg .", "", exitUsage, "-svg: expected the name of a file, got the folder ."},
	{"audit -stack dev -svg=", "", exitUsage, "expected the name of a file, got nothing"},
	{"audit -stack dev -html OTHER -svg OTHER", "", exitUsage, "expected two files for -html and -svg"},
	{"audit -stack dev -ci abc", "", exitUsage, "-ci: expected -html or -svg with it, got neither"},
	{"audit -stack dev -fix -svg OTHER", "", exitUsage, "expected -fix alone, got -html or -svg with it"},
	{"audit dev", "", exitUsage, `expected nothing more, got "dev"`},
	{"call", "", exitUsage, "expected the name of a client, got nothing"},
	{"call orders-client", "", exitUsage, "expected -stack or -outputs, got neither"},
	{"call orders-client -stack typo", "", exitFailed, "no such stack"},
	{"call orders-client -stack empty", "", exitFailed, `expected the output "clientUrls", got none: the stack is not deployed`},
	{"call order-client -stack dev", "", exitFailed, `expected one of the stack's clients orders-client, got "order-client"; did you mean orders-client?`},
	{"call ci -stack dev", "", exitFailed, "whose existing identity runs elsewhere: call the API from there"},
	{"call orders-client -stack dev -every 0s", "", exitUsage, `-every: expected a time such as 10s, got "0s"`},
	{"call orders-client -stack dev -every often", "", exitUsage, `invalid value "often" for flag -every`},
	{"call orders-client other -stack dev", "", exitUsage, `expected nothing more, got "other"`},
	{"why", "", exitUsage, "expected the name of a client, got nothing"},
	{"why orders-client", "", exitUsage, "expected -stack or -outputs, got neither"},
	{"why orders-client -stack typo", "", exitFailed, "no such stack"},
	{"why order-client -stack dev", "", exitFailed, `got "order-client"; did you mean orders-client?`},
	{"why nobody -stack dev", "", exitFailed, `expected one of the stack's clients orders-client, ci, got "nobody"`},
	{"plan -stack prod", "", exitUsage, "expected -stack, -commit and -out"},
	{"apply -stack prod", "", exitUsage, "expected -stack, -commit and -plan"},
	{"apply -stack prod -commit abc -plan FILE", "", exitFailed, "read the plan: "},
	{"redact -stack dev", "", exitUsage, "expected -stack, -commit and -out"},
	{"stage -stack dev", "", exitUsage, "expected -stack and -from"},
	{"stage -stack dev -from FILE", "", exitFailed, "no such file"},
	{"recover", "", exitUsage, "expected -stack"},
	{"recover -stack ../dev", "", exitUsage, `expected the bare name of a stack, got "../dev"`},
	{"teardown", "", exitUsage, "expected one of -stack and -expired"},
	{"teardown -stack dev -expired", "", exitUsage, "expected one of -stack and -expired"},
	{"teardown -stack org/app-to-app/dev", "", exitUsage, `expected the bare name of a stack, got "org/app-to-app/dev"`},
	{"teardown -stack pr-77 -yes", "", exitFailed, "no such stack: pr-77\ntenant: hint: did you mean tenant teardown -stack pr-7?"},
	{"teardown -stack typo -yes", "", exitFailed, "no such stack: typo\ntenant: hint: pulumi stack ls lists the stacks"},
	{"teardown -stack dev -yes", "ARM_SUBSCRIPTION_ID=", exitFailed, "expected ARM_SUBSCRIPTION_ID, got nothing"},
}

// masks are what differs from run to run.
var masks = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "GUID"},
	{regexp.MustCompile(`127\.0\.0\.1:\d{2,}`), "127.0.0.1:PORT"},
	{regexp.MustCompile(`(Trace|Correlation) ID: \S+ ?`), ""},
	{regexp.MustCompile(`Timestamp: \S+( \S+Z)? ?`), ""},
}

// TestWrongCommands is not parallel: it works in a folder of its own, with an Azure
// CLI of its own on PATH.
func TestWrongCommands(t *testing.T) {
	page, err := filepath.Abs("../../docs/wrong-inputs.md")
	if err != nil {
		t.Fatal(err)
	}
	h := newHarness(t)
	h.stack["stack output --json --stack dev"] = `{"apiClientId":"c","apiObjectId":"o","roleIds":{"Orders.Read":"r"},` + strings.TrimPrefix(strings.ReplaceAll(callOutputs, `"identity":`, `"objectId":"x","identity":`), "{")
	h.stack["stack export --stack dev"] = `{"version":3,"deployment":{"resources":[]}}`
	h.stack["stack output --json --stack empty"] = "{}"
	h.stack["stack ls --json"] = `[{"name":"organization/app-to-app/pr-7"},{"name":"dev"}]`
	h.stack["config --json --stack slip"] = regionOnly("westeurop")
	h.stack["config --json --stack nowhere"] = regionOnly("atlantis")
	folder := t.TempDir()
	t.Chdir(folder)
	files := strings.NewReplacer("FILE", filepath.Join(folder, "none"), "OTHER", filepath.Join(folder, "other"), "CLOUD", h.environ["ARM_METADATA_HOSTNAME"])
	follower := newFollower(t, h)
	if err := os.WriteFile(filepath.Join(folder, "other"), []byte("something else\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	all := slices.Clone(wrongCommands)
	for _, v := range verbs {
		all = append(all, wrongCommand{v.name + " -typo", "", exitUsage, "flag provided but not defined: -typo\ntenant: hint: tenant " + v.name + " -h lists its flags"})
	}
	var rows []settingstest.Row
	for _, tt := range all {
		kept := maps.Clone(h.environ)
		if name, value, found := strings.Cut(tt.environ, "="); found {
			h.environ[name] = files.Replace(value)
		}
		args := strings.Fields(files.Replace(tt.args))
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "+", " ")
		}
		code := h.run(args...)
		h.environ = kept
		printed := h.stdout.String() + h.stderr.String()
		answer := printed
		for path, name := range map[string]string{filepath.Join(folder, "none"): "FILE", filepath.Join(folder, "other"): "OTHER", h.environ["ARM_METADATA_HOSTNAME"]: "CLOUD"} {
			printed = strings.ReplaceAll(printed, path, name)
		}
		if code != tt.code || !strings.Contains(printed, tt.answer) {
			t.Errorf("%s tenant %s: got exit code %d and:\n%s\nwant %d and %q", tt.environ, tt.args, code, printed, tt.code, tt.answer)
		}
		if lines := strings.Count(printed, "\n"); lines > 8 {
			t.Errorf("%s tenant %s: got %d lines, want an answer at a glance:\n%s", tt.environ, tt.args, lines, printed)
		}
		for _, err := range follower.follow(given{args, files.Replace(tt.environ)}, answer) {
			t.Errorf("%s tenant %s: %v; the answer was:\n%s", tt.environ, tt.args, err, printed)
		}
		for _, mask := range masks {
			printed = mask.pattern.ReplaceAllString(printed, mask.with)
		}
		input := strings.TrimSpace(tt.environ + " tenant " + strings.ReplaceAll(tt.args, "West+Europe", "'West Europe'"))
		rows = append(rows, settingstest.Row{Input: input, Answer: fmt.Sprintf("%d: %s", code, strings.TrimSpace(printed))})
	}
	settingstest.ComparePart(t, page, "tenant", rows, *update)
}
