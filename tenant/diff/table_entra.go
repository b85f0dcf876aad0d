package diff

import "strings"

// entraKinds are the resources of the azuread provider that the program uses, and
// those by which one more principal gets in. All others are not understood.
var entraKinds = table{
	applicationType: {
		noun: "app registration", outputs: []string{"clientId", "objectId"},
		describe: describeApplication,
		properties: append([]property{
			{path: "displayName", what: "its display name", shown: true, quiet: true},
			{path: "signInAudience", what: "who can sign in to it", then: "; only `AzureADMyOrg` keeps other tenants out", shown: true, usual: "AzureADMyOrg"},
			{path: "owners", shown: true, ids: true, lines: ownerLines},
			{path: "identifierUris", what: "the audience of its tokens", shown: true},
			{path: "api.requestedAccessTokenVersion", what: "the version of its tokens", shown: true, usual: 2.0},
			{path: "optionalClaims", what: "the claims in its tokens", then: "; the API tells people from applications by `idtyp`", part: true},
			{path: "password", what: "a client secret of its own", then: "; whoever holds it can sign in as that application"},
			{path: "requiredResourceAccesses", what: "the permissions that it asks for", then: "; an administrator can consent to them"},
		}, quiet("description", "notes", "tags", "featureTags", "logoImage", "marketingUrl", "supportUrl", "privacyStatementUrl", "termsOfServiceUrl",
			"serviceManagementReference", "preventDuplicateNames")...),
	},
	servicePrincipalType: {
		noun: "service principal", outputs: []string{"objectId"},
		describe: describeServicePrincipal,
		properties: append([]property{
			{path: "clientId", what: "the application that it is of", shown: true, part: true, ids: true},
			{path: "applicationId", what: "the application that it is of", shown: true, part: true, ids: true},
			{path: "appRoleAssignmentRequired", shown: true, lines: assignmentRequiredLines},
			{path: "owners", shown: true, ids: true, lines: ownerLines},
			{path: "accountEnabled", what: "whether it can sign in", shown: true},
			{path: "useExisting", what: "whether it adopts a service principal made elsewhere", shown: true},
		}, quiet("description", "notes", "tags", "featureTags", "features", "alternativeNames", "notificationEmailAddresses", "loginUrl")...),
	},
	appRoleType: {
		noun: "app role", describe: describeAppRole,
		properties: append(append(parts("applicationId"),
			property{path: "roleId", what: "its id", shown: true, part: true},
			property{path: "value", what: "its value", then: "; tokens carry it", shown: true, part: true},
			property{path: "allowedMemberTypes", shown: true, lines: memberTypeLines},
		), quiet("displayName", "description")...),
	},
	assignmentType: {
		noun: "app role assignment", describe: describeAssignment, check: checkAssignment,
		properties: []property{
			{path: "appRoleId", shown: true, part: true}, {path: "principalObjectId", shown: true, part: true, ids: true}, {path: "resourceObjectId", shown: true, part: true, ids: true},
		},
	},
	"azuread:index/applicationIdentifierUri:ApplicationIdentifierUri": {
		noun: "identifier URI", properties: []property{
			{path: "applicationId", what: "the application that it is of", shown: true}, {path: "identifierUri", what: "the audience of tokens", shown: true},
		},
	},
	"azuread:index/applicationPassword:ApplicationPassword": {
		noun: "client secret", describe: describeCredential, check: checkApplication,
		properties: append(parts("applicationId", "applicationObjectId"),
			quiet("displayName", "endDate", "endDateRelative", "startDate", "rotateWhenChanged")...),
	},
	"azuread:index/applicationCertificate:ApplicationCertificate": {
		noun: "certificate", describe: describeCredential, check: checkApplication,
		properties: append(parts("applicationId", "applicationObjectId"),
			append(quiet("encoding", "endDate", "endDateRelative", "startDate", "type", "keyId"), property{path: "value", part: true})...),
	},
	"azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential": {
		noun: "federated credential", describe: describeCredential, check: checkApplication,
		properties: append(append(parts("applicationId", "applicationObjectId"), trust...), quiet("displayName", "description")...),
	},
	"azuread:index/servicePrincipalPassword:ServicePrincipalPassword": {
		noun: "client secret", describe: describeCredential, check: checkApplication,
		properties: append(parts("servicePrincipalId"), quiet("displayName", "endDate", "endDateRelative", "startDate", "rotateWhenChanged")...),
	},
	"azuread:index/applicationOwner:ApplicationOwner": {
		noun: "owner", describe: describeOwner, check: checkPrincipals("applicationId", "ownerObjectId"),
		properties: []property{
			{path: "applicationId", shown: true, part: true, ids: true}, {path: "ownerObjectId", shown: true, part: true, ids: true},
		},
	},
}

// trust is whose tokens a federated credential accepts.
var trust = []property{
	{path: "issuer", what: "the issuer that it trusts", shown: true},
	{path: "subject", what: "the subject that it trusts", then: "; whoever gets a token with that subject can sign in as the application", shown: true, ids: true},
	{path: "audiences", what: "the audience that it trusts", shown: true},
}

// ofApplication are the properties that name the application of a credential; one
// is set.
var ofApplication = []string{"applicationId", "applicationObjectId", "servicePrincipalId"}

// application is an application in words, by the property that refers to it.
func (s *stack) application(side *Side) (text string, understood bool) {
	for _, path := range ofApplication {
		v := valueOf(side, path)
		if !v.set {
			continue
		}
		if id := v.text(); id != "" {
			return s.named(objectOf(id)), true
		}
		return s.principal(v)
	}
	return "an application that is not named", false
}

func checkApplication(s *stack, side *Side) []string {
	var set []string
	for _, path := range ofApplication {
		if valueOf(side, path).set {
			set = append(set, path)
		}
	}
	if _, understood := s.application(side); !understood || len(set) > 1 {
		return append(set, "applicationId")
	}
	return nil
}

func describeApplication(s *stack, c change) []line {
	switch text := s.label(c.urn) + " is " + c.word(); c.op {
	case created:
		return []line{{neither, text}}
	case replaced:
		return []line{{gains, text + ", and with it its client id, its credentials and what it was allowed"}}
	default:
		return []line{{loses, text + ": nobody can sign in as it any more"}}
	}
}

func describeServicePrincipal(s *stack, c change) []line {
	if c.op == deleted {
		return []line{{loses, s.label(c.urn) + " is **deleted**, with all that it was allowed"}}
	}
	v := valueOf(c.new, "clientId")
	if !v.set {
		v = valueOf(c.new, "applicationId")
	}
	who, _ := s.principal(v)
	if id := v.text(); id != "" {
		who = s.who("client id", id)
	}
	who = strings.TrimSuffix(who, ",")
	text := s.label(c.urn) + " is " + c.word() + ", of " + who
	if c.op == replaced {
		return []line{{gains, text + "; it has another object id, without what the old one was allowed"}}
	}
	return []line{{neither, text}}
}

// assignmentRequiredLines says who gets a token for an API. A client offers no
// roles, so nobody asks for a token for it.
func assignmentRequiredLines(s *stack, c change) []line {
	was, is := valueOf(c.old, "appRoleAssignmentRequired"), valueOf(c.new, "appRoleAssignmentRequired")
	owner := s.owner(c.urn)
	switch {
	case is.raw == true && c.old == nil:
		return nil
	case is.raw == true:
		return []line{{loses, s.label(c.urn) + " **requires an assignment**: only principals with an app role get a token for it"}}
	case is.set && is.raw != false:
		return []line{{gains, s.label(c.urn) + " **may become reachable without assignment**: whether it requires one is " + s.show(is)}}
	case c.old != nil && was.raw == is.raw:
		return nil
	case c.old == nil && owner != "" && typeOf(owner) == clientType:
		return nil
	}
	return []line{{gains, s.label(c.urn) + " **becomes reachable without assignment**: every application of the tenant gets a token for it"}}
}

func ownerLines(s *stack, c change) []line {
	who := s.label(c.urn)
	lines, known := s.people(valueOf(c.old, "owners"), valueOf(c.new, "owners"), func(id string) line {
		return line{gains, who + " **gets the owner** " + id + " who may add credentials and so sign in as it"}
	}, func(id string) line {
		return line{loses, who + " **loses the owner** " + strings.TrimSuffix(id, ",")}
	})
	if !known {
		return []line{{gains, who + " **changes its owners**, who may add credentials to it, to " + s.show(valueOf(c.new, "owners"))}}
	}
	return lines
}

func describeOwner(s *stack, c change) (lines []line) {
	for _, side := range c.sides() {
		application, _ := s.application(side.Side)
		who, _ := s.principal(valueOf(side.Side, "ownerObjectId"))
		if side.gone {
			lines = append(lines, line{loses, application + " **loses the owner** " + strings.TrimSuffix(who, ",")})
		} else {
			lines = append(lines, line{gains, application + " **gets the owner** " + who + " who may add credentials and so sign in as it"})
		}
	}
	return lines
}

// describeCredential describes what somebody can sign in with.
func describeCredential(s *stack, c change) (lines []line) {
	for _, side := range c.sides() {
		who, _ := s.application(side.Side)
		what := s.label(c.urn)
		if side.gone {
			lines = append(lines, line{loses, who + " **gives up** the " + what})
			continue
		}
		text := who + " **gets** the " + what
		if issuer := valueOf(side.Side, "issuer"); issuer.set {
			text += ": whoever has a token of the issuer " + s.show(issuer) + " with the subject " + s.subject(valueOf(side.Side, "subject")) + " and the audience " + s.show(valueOf(side.Side, "audiences")) + " can sign in as it"
		} else {
			text += ": whoever holds it can sign in as it"
		}
		lines = append(lines, line{gains, text})
	}
	return lines
}

// subject is that of a federated credential: a principal, or a text of another
// issuer's.
func (s *stack) subject(v value) string {
	if guid.MatchString(v.text()) {
		return strings.TrimSuffix(s.named(v.text()), ",")
	}
	if who, understood := s.principal(v); understood && v.text() == "" {
		return strings.TrimSuffix(who, ",")
	}
	return s.show(v)
}
