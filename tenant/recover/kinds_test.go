package recover

import (
	"slices"
	"strings"
	"testing"

	"app-to-app/tenant/program"
)

// setAgain are the program's types of which nothing stays that an update would not
// set again, or read.
var setAgain = []string{
	"azure-native:storage:BlobServiceProperties",
	"azure-native:web/v20240401:WebAppApplicationSettings",
	"azure-native:web/v20240401:WebAppFtpAllowed",
	"azure-native:web/v20240401:WebAppScmAllowed",
	"command:local:Command",
	"pulumi:pulumi:StackReference", // is only read
	"tls:index/privateKey:PrivateKey",
	"tls:index/selfSignedCert:SelfSignedCert",
}

// TestEveryKindIsLookedFor: a new type of the program's is found when its creation
// is lost, and in the directory also when it is gone.
func TestEveryKindIsLookedFor(t *testing.T) {
	t.Parallel()
	looked := 0
	for _, kind := range program.Types() {
		_, inDirectory := finders[kind]
		_, inAzure := armKinds[kind]
		_, canBeGone := goneFinders[kind]
		azuread := strings.HasPrefix(kind, "azuread:")
		component := strings.HasPrefix(kind, "app-to-app:") || kind == "pulumi:pulumi:Stack"
		if found := inDirectory || inAzure; found == (component || slices.Contains(setAgain, kind)) {
			t.Errorf("%s: looked for: %v; want a finder, or a place among what an update sets again", kind, found)
		}
		if inDirectory != azuread || canBeGone != azuread {
			t.Errorf("%s: looked for in the directory: %v, missed there: %v, want both: %v", kind, inDirectory, canBeGone, azuread)
		}
		if inDirectory || inAzure {
			looked++
		}
	}
	if all := len(finders) + len(armKinds); looked != all || looked == 0 {
		t.Errorf("got finders for %d kinds, want only the program's %d", all, looked)
	}
}
