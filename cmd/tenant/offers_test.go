package main

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// This file runs what the answers to wrong command lines offer. The rules are:
//   - an offer is what stands behind "hint:", "fix:" or "next:", and in an error
//     behind a semicolon
//   - an offer that has a command or a flag in it must be of a form that is known
//     here, so that a new one cannot be left out
//   - each offer is followed by itself; then the same input, or the one that the
//     offer leads to, no longer gets that answer, and is not wrong usage

// given is what was typed, and the variable that was set for it.
type given struct {
	args    []string
	environ string // NAME=value
}

// A follower does what answers offer.
type follower struct {
	t *testing.T
	h *harness
	// listed are the help texts that were asked for, by their command.
	listed map[string]string
}

func newFollower(t *testing.T, h *harness) *follower {
	t.Helper()
	installCLI(t, h)
	h.stack["stack ls"] = "NAME  LAST UPDATE  RESOURCE COUNT\ndev*  1 day ago    77\npr-7  1 day ago    77\n"
	h.stack["stack export --stack pr-7"] = `{"version":3,"deployment":{"resources":[]}}`
	h.stack["destroy --yes --skip-preview --suppress-progress --stack pr-7"] = ""
	h.stack["stack rm --yes --preserve-config --stack pr-7"] = ""
	return &follower{t: t, h: h, listed: make(map[string]string)}
}

// follow follows each offer of an answer, and says what did not work.
func (f *follower) follow(g given, answer string) (problems []error) {
	for _, offer := range offersIn(answer) {
		environ, stack, stdin := maps.Clone(f.h.environ), maps.Clone(f.h.stack), f.h.stdin
		if err := f.followOne(g, answer, offer); err != nil {
			problems = append(problems, fmt.Errorf("offer %q: %w", offer, err))
		}
		f.h.environ, f.h.stack, f.h.stdin = environ, stack, stdin
	}
	return problems
}

// offersIn are the parts of an answer that offer something to do.
func offersIn(answer string) (offers []string) {
	for line := range strings.Lines(answer) {
		line = strings.TrimSpace(line)
		_, hint, _ := strings.Cut(line, "; ")
		for _, mark := range []string{"tenant: hint: ", "fix: ", "next: "} {
			if rest, marked := strings.CutPrefix(line, mark); marked {
				hint = rest
			}
		}
		for part := range strings.SplitSeq(strings.ReplaceAll(hint, "? If ", "?; if "), "; ") {
			if offersSomething.MatchString(part) {
				offers = append(offers, part)
			}
		}
	}
	return offers
}

// offersSomething is a part with a command, a flag or another spelling in it. What
// has none of them, such as "check ARM_TENANT_ID", is for the reader to think about.
var offersSomething = regexp.MustCompile(`(^|[ (])(pulumi|az|tenant|go|git|gh|rm|cd|sh|export|unset) |(^|[ (])--?[a-z]|did you mean`)

// An offerForm is how an offer may be worded. follow does what it says, changes
// what was given as a reader would, and returns false if it found no way.
type offerForm struct {
	pattern *regexp.Regexp
	follow  func(f *follower, g *given, answer string, words []string) error
}

var offerForms = []offerForm{
	{regexp.MustCompile(`^did you mean tenant (.+)\?$`), func(f *follower, g *given, _ string, words []string) error {
		g.args = strings.Fields(words[1])
		f.h.stdin = g.args[len(g.args)-1] + "\n" // it asks for the name of the stack
		return nil
	}},
	{regexp.MustCompile(`^did you mean -(\S+) (\S+)\?$`), func(_ *follower, g *given, _ string, words []string) error {
		return g.setFlag(words[1], words[2])
	}},
	{regexp.MustCompile(`^did you mean (\S+)\?$`), func(f *follower, g *given, answer string, words []string) error {
		wrong := firstIn(answer, `got "([^"]+)"`, `region (\w+): `)
		if stack := "config --json --stack " + g.args[len(g.args)-1]; strings.Contains(f.h.stack[stack], wrong) {
			f.h.stack[stack] = strings.Replace(f.h.stack[stack], wrong, words[1], 1)
			return nil
		}
		return g.replace(wrong, words[1])
	}},
	{regexp.MustCompile(`^tenant (help) lists the verbs$|^tenant (\w+ -h) lists its flags$`), readHelp},
	{regexp.MustCompile(`^pass -(\S+) (\S+?)(, one of those)?$`), func(_ *follower, g *given, answer string, words []string) error {
		return g.setFlag(words[1], oneOfThose(answer, words[2]))
	}},
	{regexp.MustCompile(`^pulumi config set azure-native:location (\S+) --stack (\S+?)(, one of those)?$`), func(f *follower, _ *given, answer string, words []string) error {
		f.h.stack["config --json --stack "+words[2]] = regionOnly(oneOfThose(answer, words[1]))
		return nil
	}},
	{regexp.MustCompile(`^(az account list --output table) shows those of the login$`), func(f *follower, g *given, answer string, words []string) error {
		flag := firstIn(answer, `-(\w+): expected a GUID`)
		id, err := f.pickAccount(words[1], map[string]string{"tenant": "TenantId", "subscription": "SubscriptionId"}[flag])
		return errors.Join(err, g.setFlag(flag, id))
	}},
	{regexp.MustCompile(`^export (\w+)=GUID, one of: (az account list --output table)$`), func(f *follower, _ *given, _ string, words []string) (err error) {
		f.h.environ[words[1]], err = f.pickAccount(words[2], "SubscriptionId")
		return err
	}},
	{regexp.MustCompile(`^export (\w+)=([^ ,]+)$`), func(f *follower, _ *given, _ string, words []string) error {
		f.h.environ[words[1]] = words[2]
		return nil
	}},
	{regexp.MustCompile(`^or, to sign in with the Azure CLI: unset (.+) && (az login)$`), func(f *follower, _ *given, _ string, words []string) error {
		for name := range strings.FieldsSeq(words[1]) {
			delete(f.h.environ, name)
		}
		_, err := runCLI(f.t, words[2])
		return err
	}},
	{regexp.MustCompile(`^pulumi up --stack (\S+)$`), func(f *follower, _ *given, _ string, words []string) error {
		f.h.stack["stack output --json --stack "+words[1]] = f.h.stack["stack output --json --stack dev"]
		return nil
	}},
	{regexp.MustCompile(`^pulumi (stack ls) lists the stacks$`), func(f *follower, g *given, _ string, words []string) error {
		f.h.stdin = ""
		return g.setFlag("stack", firstIn(f.h.stack[words[1]], `(?m)^(pr-\d+) `))
	}},
	{regexp.MustCompile(`^if it has been torn down before: (-if-exists)$`), func(_ *follower, g *given, _ string, words []string) error {
		g.args = append(g.args, words[1])
		return nil
	}},
}

// followOne follows an offer, types the input again, and compares the answers.
func (f *follower) followOne(g given, answer, offer string) error {
	g.args = slices.Clone(g.args)
	if name, value, found := strings.Cut(g.environ, "="); found {
		f.h.environ[name] = value
	}
	for _, form := range offerForms {
		words := form.pattern.FindStringSubmatch(offer)
		if words == nil {
			continue
		}
		if err := form.follow(f, &g, answer, words); err != nil {
			return err
		}
		code := f.h.run(g.args...)
		got := f.h.stdout.String() + f.h.stderr.String()
		if code == exitUsage {
			return fmt.Errorf("expected tenant %s to be understood, got:\n%s", strings.Join(g.args, " "), got)
		}
		for line := range strings.Lines(answer) {
			if complains.MatchString(line) && strings.Contains(got, line) {
				return fmt.Errorf("expected tenant %s to get another answer, got exit code %d and:\n%s", strings.Join(g.args, " "), code, got)
			}
		}
		return nil
	}
	return errors.New("expected a form of offer that the test can follow")
}

// complains is a line of an answer that says what is wrong.
var complains = regexp.MustCompile(`^tenant: error: |^\w+ \S+: .*; |^  (fix|next): `)

// understood are lines that a reader of a verb's help can type.
var understood = map[string]string{
	"help":     "check -location westeurope",
	"check":    "check -location westeurope",
	"diff":     "diff -stack dev",
	"audit":    "audit -stack dev",
	"drift":    "drift -stack dev -from facts.json",
	"call":     "call orders-client -stack dev",
	"why":      "why orders-client -stack dev",
	"unused":   "unused -stack dev",
	"request":  "request -stack dev",
	"grant":    "grant requests.json",
	"revoke":   "revoke orders-client -stack dev -dry-run",
	"plan":     "plan -stack dev -commit abc -out folder",
	"apply":    "apply -stack dev -commit abc -plan folder",
	"redact":   "redact -stack dev -commit abc -out copy.json",
	"stage":    "stage -stack dev -from copy.json",
	"recover":  "recover -stack dev",
	"teardown": "teardown -stack pr-7 -yes",
	"idtoken":  "idtoken file",
}

// readHelp asks for the help that is offered. It must have what the answer asks for
// and not what the answer refuses, and each word of the line that a reader then types.
func readHelp(f *follower, g *given, answer string, words []string) error {
	asked := words[1] + words[2]
	if _, known := f.listed[asked]; !known {
		if code := f.h.run(strings.Fields(asked)...); code != exitSame {
			return fmt.Errorf("expected tenant %s to print help, got exit code %d", asked, code)
		}
		f.listed[asked] = f.h.stdout.String()
	}
	help := f.listed[asked]
	verb, _, _ := strings.Cut(asked, " ")
	line, known := understood[verb]
	if !known {
		return fmt.Errorf("expected a line that %s understands, got none", verb)
	}
	g.args = strings.Fields(line)
	if verb == "help" {
		if !regexp.MustCompile(`(?m)^  ` + g.args[0] + ` `).MatchString(help) {
			return fmt.Errorf("expected the verb %s in:\n%s", g.args[0], help)
		}
		return nil
	}
	refused := firstIn(answer, `not defined: -(\S+)`)
	if refused == "" {
		wanted, _, _ := strings.Cut(answer, "\n")
		for _, flag := range flagIn.FindAllStringSubmatch(wanted+" "+line, -1) {
			if !lists(help, flag[1]) {
				return fmt.Errorf("expected the flag -%s in:\n%s", flag[1], help)
			}
		}
	} else if lists(help, refused) {
		return fmt.Errorf("expected no flag -%s in:\n%s", refused, help)
	}
	return nil
}

var flagIn = regexp.MustCompile(`[ (]-([a-z][a-z-]*)`)

// lists reports whether a help text describes a flag.
func lists(help, flag string) bool {
	return regexp.MustCompile(`(?m)^  -` + regexp.QuoteMeta(flag) + `( |\t|$)`).MatchString(help)
}

// regionOnly is the configuration of a stack that has no other problem than its region.
func regionOnly(region string) string {
	return fmt.Sprintf(`{"azure-native:location":{"value":%q},"app-to-app:environment":{"value":"dev"}}`, region)
}

// setFlag gives a flag another value.
func (g *given) setFlag(name, value string) error {
	at := slices.Index(g.args, "-"+name)
	if at < 0 || at+1 >= len(g.args) || value == "" {
		return fmt.Errorf("expected a value for the flag -%s in %q, got %q", name, g.args, value)
	}
	g.args[at+1] = value
	return nil
}

// replace writes another word instead of one.
func (g *given) replace(wrong, meant string) error {
	at := slices.Index(g.args, wrong)
	if at < 0 {
		return fmt.Errorf("expected %q among %q", wrong, g.args)
	}
	g.args[at] = meant
	return nil
}

// oneOfThose is a value that an offer names, or the first that the answer lists
// where the offer has a word in capitals.
func oneOfThose(answer, value string) string {
	if value != strings.ToUpper(value) {
		return value
	}
	return firstIn(answer, `; those [^:]+: (\w+)`)
}

// firstIn is what the first of the patterns that match finds; "" if none does.
func firstIn(text string, patterns ...string) string {
	for _, pattern := range patterns {
		if words := regexp.MustCompile(pattern).FindStringSubmatch(text); words != nil {
			return words[1]
		}
	}
	return ""
}

// TestOffersThatDoNotWork plants them.
func TestOffersThatDoNotWork(t *testing.T) {
	h := newHarness(t)
	t.Chdir(t.TempDir())
	f := newFollower(t, h)
	for _, tt := range []struct {
		name, args, answer, want string
	}{
		{"a command that nobody knows how to run", "check", "tenant: error: x\ntenant: hint: pulumi destroy\n", "expected a form of offer"},
		{"a flag", "check", "tenant: error: no such region; -force goes on\n", "expected a form of offer"},
		{"behind a fix", "check", "region x: none\n  fix: rm -r folder\n", "expected a form of offer"},
		{"the same again", "chekc", "tenant: error: expected one of the verbs, got \"chekc\"; did you mean chekc?\n", "to be understood"},
		{"another stack that is not there", "why orders-client -stack a", "tenant: error: pulumi stack output --json --stack b: no such stack\ntenant: hint: did you mean tenant why orders-client -stack b?\n", "to get another answer"},
		{"a flag that the help does not list", "check", "tenant: error: expected -planet\ntenant: hint: tenant check -h lists its flags\n", "expected the flag -planet"},
		{"a flag that the help lists", "check -json", "tenant: error: flag provided but not defined: -json\ntenant: hint: tenant check -h lists its flags\n", "expected no flag -json"},
		{"a verb that is none", "chekc", "tenant: error: x\ntenant: hint: tenant chekc -h lists its flags\n", "to print help"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := f.follow(given{args: strings.Fields(tt.args)}, tt.answer)
			if len(got) != 1 || !strings.Contains(got[0].Error(), tt.want) {
				t.Errorf("got %v, want one problem with %q", got, tt.want)
			}
		})
	}
	if got := offersIn("tenant: error: sign in: x\ntenant: hint: check ARM_TENANT_ID and the credential in ARM_*\n"); got != nil {
		t.Errorf("got %q, want no offer", got)
	}
}
