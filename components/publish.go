package components

import (
	"cmp"
	"fmt"

	web "github.com/pulumi/pulumi-azure-native-sdk/web/v2/v20240401"
	"github.com/pulumi/pulumi-command/sdk/go/command/local"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// publish sends the package to the site once everything that the code relies on
// exists. The provider has no resource for it: SCM is not part of Resource
// Manager, and storage:Blob signs with an account key, of which there is none.
//
// The command line never changes and every path is relative, so it does not run
// again in another checkout. It runs again for other code, or for another site,
// account or container.
func (b *appBuilder) publish() error {
	if b.args.Withhold {
		return nil
	}
	_, err := local.NewCommand(b.ctx, b.name+"-publish", &local.CommandArgs{
		Create: pulumi.String(cmp.Or(b.args.Package.Publisher, Publisher)),
		Environment: pulumi.StringMap{
			"PUBLISH_APP":      b.site.Name,
			"PUBLISH_SCM_HOST": scmHost(b.site),
			"PUBLISH_PACKAGE":  pulumi.String(b.args.Package.Path),
			"PUBLISH_SHA256":   pulumi.String(b.args.Package.SHA256),
		},
		Triggers: pulumi.Array{
			pulumi.String(b.args.Package.SHA256),
			b.site.ID(), b.storage.account.ID(), b.storage.packages.ID(),
		},
	}, b.parent, pulumi.DependsOn(b.beforePublish))
	return err
}

// scmHost is the host name of the site's SCM site. It comes from the site:
// names with a random part and other clouds do not follow one pattern.
func scmHost(site *web.WebApp) pulumi.StringOutput {
	return site.HostNameSslStates.ApplyT(func(states []web.HostNameSslStateResponse) (string, error) {
		for _, state := range states {
			if state.HostType != nil && *state.HostType == "Repository" && state.Name != nil {
				return *state.Name, nil
			}
		}
		return "", fmt.Errorf("find the SCM site: expected a host name of the type Repository in hostNameSslStates, got %d of other types", len(states))
	}).(pulumi.StringOutput)
}
