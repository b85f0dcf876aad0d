package recover

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"app-to-app/azurecloud"
)

// A thing is what exists in the tenant or the subscription for a resource.
type thing struct {
	id        string // as the provider writes it
	adoptable bool
	inputs    object                      // that its creation chose, such as a generated name
	repair    func(context.Context) error // of what an interrupted creation left half made; nil for nothing
	remove    func(context.Context) error // nil: never removed
	why       string                      // it is removed
}

// live reads the tenant and the subscription as they are now. What it has listed
// it keeps for the round.
type live struct {
	o        Options
	session  *azurecloud.Session
	state    *state
	exported []byte          // the state's text
	known    map[string]bool // ids in the state, in lower case

	marked    []application
	hasMarked bool
	apps      map[string]*application  // by object id; nil: there is none
	assigned  map[string][]string      // ids of app role assignments, by the API's service principal
	tagged    map[string][]armResource // by what was listed
}

func newLive(o Options, s *state, exported []byte) *live {
	return &live{o: o, session: o.Session, state: s, exported: exported, known: s.ids(),
		apps: make(map[string]*application), assigned: make(map[string][]string), tagged: make(map[string][]armResource)}
}

// What find says when it cannot tell whether a thing exists.
var (
	errSetAgain = errors.New("the next update sets it again, whether it was set or not")
	errSecret   = errors.New("whether it exists cannot be told, because what it is made of is a secret of the state; tenant audit lists what the stack does not know")
)

// The kinds of resource that are named in more than one file.
const (
	applicationType      = "azuread:index/application:Application"
	servicePrincipalType = "azuread:index/servicePrincipal:ServicePrincipal"
	appRoleType          = "azuread:index/applicationAppRole:ApplicationAppRole"
	passwordType         = "azuread:index/applicationPassword:ApplicationPassword"
	groupType            = "azure-native:resources:ResourceGroup"
)

// finders are the kinds of resource that can exist without a state that knows
// them. The others make nothing that stays (a command, a key in the state), or
// set what their parent always has and can be set again (app settings, the two
// publishing policies, the properties of the blob service).
var finders = map[string]func(*live, context.Context, resource) ([]thing, error){
	applicationType:      (*live).findApplication,
	servicePrincipalType: (*live).findServicePrincipal,
	appRoleType:          (*live).findAppRole,
	passwordType:         (*live).findPassword,
	"azuread:index/applicationIdentifierUri:ApplicationIdentifierUri":                             (*live).findIdentifierURI,
	"azuread:index/applicationCertificate:ApplicationCertificate":                                 (*live).findCertificate,
	"azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential": (*live).findFederation,
	"azuread:index/appRoleAssignment:AppRoleAssignment":                                           (*live).findAssignment,
}

// find returns what exists for a resource and is not in the state, the one that
// fits best first.
func (l *live) find(ctx context.Context, r resource) ([]thing, error) {
	find := finders[r.kind()]
	if _, ok := armKinds[r.kind()]; ok {
		find = (*live).findARM
	}
	if find == nil {
		return nil, errSetAgain
	}
	found, err := find(l, ctx, r)
	if err != nil {
		return nil, err
	}
	var unknown []thing
	for _, t := range found {
		if !l.known[strings.ToLower(t.id)] {
			unknown = append(unknown, t)
		}
	}
	return unknown, nil
}

// get reads an object; found is false when there is none.
func get(ctx context.Context, c *azurecloud.Client, path string, out any) (found bool, err error) {
	err = c.Get(ctx, path, out)
	if azurecloud.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

func (l *live) graph() *azurecloud.Client { return l.session.Graph }

func filter(text string) string { return "?$filter=" + url.QueryEscape(text) }
