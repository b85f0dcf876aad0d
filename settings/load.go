package settings

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"app-to-app/azurecloud/endpoints"
)

// Sources are what [Load] uses besides the configuration.
type Sources struct {
	MetadataHost string   // ARM_METADATA_HOSTNAME: the cloud's Resource Manager; "" means the public cloud
	Secrets      []string // keys whose values are secrets, or have some
	HTTPClient   *http.Client
	Providers    Providers
	Project      fs.FS // the project's folder, to look for the code of function apps; nil means not to

	// StackOutputs are the exports of another stack, by its full name: those of
	// [APIOutputs] that it has. Nil means not to look.
	StackOutputs func(stack string) (map[string]any, error)
}

// Providers ask Pulumi's azuread and azure-native providers, which sign in with
// the stack's configuration and the environment of the deployment. They are
// safe for concurrent use.
type Providers interface {
	// EntraLogin is who azuread is signed in as.
	EntraLogin() (EntraLogin, error)
	// AzureLogin is where azure-native is signed in.
	AzureLogin() (AzureLogin, error)
	// ServicePrincipals are those with an object id or, when that is "", with a
	// display name, in any case of its letters.
	ServicePrincipals(objectID, displayName string) ([]ServicePrincipal, error)
	// Registration is the app registration with a client id, with its service
	// principal; an error if there is none.
	Registration(clientID string) (Registration, error)
	// GraphPermissions are the application permissions in the caller's own
	// access token for Microsoft Graph; a person's has none.
	GraphPermissions(endpoint string) ([]string, error)
}

// An EntraLogin is a login to Microsoft Entra ID.
type EntraLogin struct{ TenantID, ObjectID string }

// An AzureLogin is a login to Azure Resource Manager.
type AzureLogin struct{ TenantID, SubscriptionID string }

// A ServicePrincipal is one that the tenant has.
type ServicePrincipal struct{ ObjectID, ClientID, DisplayName string }

// Load parses a configuration and looks up what it leaves open. The settings are
// complete if there are no problems; warnings do not stop a deployment.
func Load(ctx context.Context, configuration map[string]string, now time.Time, from Sources) (s Settings, warnings []string, problems Problems) {
	s, problems = parse(configuration, now)
	problems = append(problems, ClearCertificates(configuration, from.Secrets)...)
	l := &lookups{Sources: from, settings: &s, Problems: problems}
	l.findCode()
	// Both providers start and sign in while the rest is looked up.
	wait := l.signIn()
	l.findExisting()
	l.findCloud(ctx)
	l.findRegistration()
	s.ExchangeAudience = endpoints.ExchangeAudience(s.AuthorityHost)
	l.checkLogins(wait())
	l.findAPI()
	l.readReceipt()
	l.checkExpiry(now)
	return s, l.warnings, l.Problems.inOrder()
}

// checkExpiry warns of a test stack that is past its day. It is no problem: the
// stack would otherwise be refused from one day to the next.
func (l *lookups) checkExpiry(now time.Time) {
	if _, at := date(l.settings.ExpiresOn); !at.IsZero() && at.Before(now) && !l.has(Namespace+":expiresOn") {
		l.warn("the stack may be deleted since %s; fix: %s", l.settings.ExpiresOn, SetCommand(Namespace+":expiresOn", now.Add(stackLife).UTC().Format(time.DateOnly)))
	}
}

// lookups complete settings.
type lookups struct {
	Sources
	settings *Settings
	graph    string // Microsoft Graph's address; "" if the cloud is not known
	warnings []string
	Problems
}

func (l *lookups) warn(format string, args ...any) {
	l.warnings = append(l.warnings, fmt.Sprintf(format, args...))
}

// findExisting looks up the service principals of identities made elsewhere:
// by object id, or by the exact display name if no other has it. A look-up by
// the start of the name, as m365 aad approleassignment add does, can find a
// namesake.
func (l *lookups) findExisting() {
	for n := range l.settings.Clients {
		identity := &l.settings.Clients[n].Identity
		if identity.ObjectID == "" && identity.DisplayName == "" {
			continue
		}
		path := fmt.Sprintf("%s:clients[%d].", Namespace, n)
		key := path + "objectId"
		next := "pulumi config set --path " + shellWord(key) + " OBJECT-ID, " + shownByEntra
		if identity.DisplayName != "" {
			next = removeCommand(path+"displayName") + " && " + next
		}
		if identity.DisplayName != "" {
			key = path + "displayName"
		}
		found, err := l.Providers.ServicePrincipals(identity.ObjectID, identity.DisplayName)
		switch {
		case err != nil && l.settings.Assignments == RequestedAssignments && identity.DisplayName == "":
			// A stack without any right in the tenant. Whoever grants looks it up.
			l.warn("client %q: its service principal %s was not looked up: %v", l.settings.Clients[n].Name, identity.ObjectID, err)
		case err != nil:
			l.ask(key, next, "expected exactly one service principal: %v", err)
		case len(found) != 1:
			l.ask(key, next, "expected exactly one service principal, got %d", len(found))
		case identity.DisplayName != "" && found[0].DisplayName != identity.DisplayName: // Graph ignores case
			l.refuse(key, SetCommand(key, found[0].DisplayName), "expected the exact display name, got %q for %q", identity.DisplayName, found[0].DisplayName)
		default:
			identity.ObjectID, identity.ClientID = found[0].ObjectID, found[0].ClientID
		}
	}
}
