package components

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// OtherAPIArgs describe an API that somebody else deploys, by what its stack
// exports. All fields are required.
type OtherAPIArgs struct {
	Prefix             string // of the app settings of its clients' code, such as ORDERS
	URL                string
	ClientID           string
	ObjectID           string // of the app registration
	ServicePrincipalID string // object id, which assignments name
	IdentifierURI      string
	Audience           string
	RoleIDs            map[string]string // by value
}

func (a *OtherAPIArgs) check() error {
	if a == nil {
		return errors.New("arguments: missing")
	}
	return errors.Join(required("prefix", a.Prefix != ""), required("url", a.URL != ""), required("clientID", a.ClientID != ""), required("objectID", a.ObjectID != ""),
		required("servicePrincipalID", a.ServicePrincipalID != ""), required("identifierURI", a.IdentifierURI != ""), required("audience", a.Audience != ""),
		required("roleIDs", len(a.RoleIDs) > 0))
}

// OtherAPI is an API for the clients of this stack that another one deploys. It
// registers nothing.
func OtherAPI(args *OtherAPIArgs) (*API, error) {
	if err := args.check(); err != nil {
		return nil, err
	}
	text := func(value string) pulumi.StringOutput { return pulumi.String(value).ToStringOutput() }
	api := &API{
		prefix:   args.Prefix,
		ClientID: text(args.ClientID), ObjectID: text(args.ObjectID), ServicePrincipalID: text(args.ServicePrincipalID),
		IdentifierURI: text(args.IdentifierURI), Audience: text(args.Audience), URL: text(args.URL), SiteID: text(""),
		roles: make(map[string]apiRole), other: true,
	}
	for value, id := range args.RoleIDs {
		api.roles[value] = apiRole{id: pulumi.String(id)}
	}
	return api, nil
}
