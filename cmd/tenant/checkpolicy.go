package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/settings"
	"app-to-app/tenant"
	"app-to-app/tenant/policy"
)

// This file is the part of `tenant check` about the tenant's app management
// policies. It is here and not in the program: Pulumi's providers have no look-up
// for such policies, so `pulumi up` would find out by being refused.

// checkPolicies adds the credentials of a stack's clients that the tenant would
// refuse.
func (c command) checkPolicies(ctx context.Context, session *azurecloud.Session, report *tenant.CheckReport, stack string, s settings.Settings) error {
	credentials := credentialsOf(s)
	if len(credentials) == 0 {
		return nil
	}
	policies, note, ok, err := policy.Read(ctx, session)
	if err != nil {
		return err
	}
	if !ok {
		report.Notes = append(report.Notes, note)
		return nil
	}
	if err := c.findApplications(ctx, session, report, stack, credentials); err != nil {
		return err
	}
	findings, notes := policy.Judge(policies, credentials, c.now())
	report.Notes = append(report.Notes, notes...)
	if slices.ContainsFunc(credentials, func(c policy.Credential) bool { return c.Kind == policy.Certificate && !c.Brought }) {
		report.Notes = append(report.Notes, "certificates were judged as the program makes them; one in "+settings.Namespace+":certificates, which is secret, was not read")
	}
	for _, f := range findings {
		report.Gaps = append(report.Gaps, tenant.Gap{Kind: tenant.GapPolicy, Subject: f.Restriction, Text: f.Text, Fix: policyFix(f)})
	}
	return nil
}

// credentialsOf are the credentials that the program makes for the clients, without
// the app registrations that they belong to.
func credentialsOf(s settings.Settings) (all []policy.Credential) {
	for i, client := range s.Clients {
		for field, identity := range map[string]*settings.Identity{"identity": &client.Identity, "previousIdentity": client.Previous} {
			if identity == nil || !identity.HasSecret() {
				continue
			}
			c := policy.Credential{Client: client.Name, Key: fmt.Sprintf("%s:clients[%d].%s", settings.Namespace, i, field), Kind: identity.Kind, Lifetime: 2 * identity.Rotation.Period}
			if c.Brought = len(identity.Brought) > 0; c.Brought {
				c.Lifetime = 0
			}
			for _, pair := range identity.Brought {
				c.Lifetime = max(c.Lifetime, pair.ExpiresOn.Sub(pair.ValidFrom))
			}
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b policy.Credential) int { return strings.Compare(a.Key, b.Key) })
	return all
}

// findApplications adds the app registrations that exist: a policy may be for newer
// ones only, and another policy may be assigned to one. A stack that is not
// deployed has none yet.
func (c command) findApplications(ctx context.Context, session *azurecloud.Session, report *tenant.CheckReport, stack string, credentials []policy.Credential) error {
	exported, err := c.outputs(ctx, stack, "")
	var declared tenant.Declaration
	if err == nil {
		declared, err = tenant.ReadOutputs(exported)
	}
	if err != nil { // not deployed: its clients are new
		report.Notes = append(report.Notes, "app management policies were compared as if no client of the stack existed: its outputs name none")
		return nil
	}
	for i := range credentials {
		access, known := declared.Client(credentials[i].Client)
		if !known || access.ApplicationObjectID == "" {
			continue
		}
		var app struct{ CreatedDateTime time.Time }
		err := session.Graph.Get(ctx, "/v1.0/applications/"+url.PathEscape(access.ApplicationObjectID), &app)
		if azurecloud.IsNotFound(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("find the app registration of client %q: %w", credentials[i].Client, err)
		}
		credentials[i].ApplicationID, credentials[i].Created = access.ApplicationObjectID, app.CreatedDateTime
	}
	return nil
}

// policyFix is what to do about a finding.
func policyFix(f policy.Finding) string {
	switch {
	case f.RotationDays > 0:
		return settings.SetCommand(settings.Namespace+":rotationDays", fmt.Sprint(f.RotationDays))
	case f.Brought:
		return fmt.Sprintf("replace the certificate in %s:certificates by one that is valid for %d days less; or %s", settings.Namespace, f.Days(), identityFix(f))
	}
	return identityFix(f)
}

// identityFix changes the kind of identity to one that no policy limits.
func identityFix(f policy.Finding) string {
	fix := settings.SetCommand(f.Key, settings.ManagedIdentity)
	if strings.HasSuffix(f.Key, ".previousIdentity") {
		fix = settings.RemoveCommand(f.Key)
	} else if f.ApplicationID != "" {
		fix += " and " + settings.SetCommand(strings.TrimSuffix(f.Key, "identity")+"previousIdentity", f.Kind) + ", until it has moved"
	}
	return fix + " (" + policy.Passes + ")"
}
