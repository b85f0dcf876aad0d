package components

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// This file tries again what only time heals, so that one update is enough. The
// rules are:
//   - [passing] lists every refusal that is tried again; any other fails at once
//   - a create is repeated only after a refusal that leaves nothing behind: the
//     engine repeats the whole create and forgets what the first one made
//     (https://github.com/pulumi/pulumi/issues/24683)
//   - the time is bounded, and each wait is shown
//
// The engine asks through an error hook, whose name is kept in the state. It
// does not need the program to destroy such a stack, but then nothing is tried
// again.

// DefaultPatience is how long an update tries again what only time heals, and
// [MaxPatience] the most that the engine has room for: it gives up after a
// hundred tries.
const (
	DefaultPatience = 5 * time.Minute
	MaxPatience     = 20 * time.Minute
)

// A passingRefusal is one that the same request does not get a little later.
type passingRefusal struct {
	kinds      []string // types of resources
	operations []string // create, update, delete
	text       string   // in the error; "" is any
	cause      string   // of the wait, for people
	limit      time.Duration
	fix        string   // of an operation that was given up; "" is another update
	unless     []string // any of these is in the error too
}

// The types of [passing].
const (
	appRoleKind       = "azuread:index/applicationAppRole:ApplicationAppRole"
	assignmentKind    = "azuread:index/appRoleAssignment:AppRoleAssignment"
	identifierURIKind = "azuread:index/applicationIdentifierUri:ApplicationIdentifierUri"
	principalKind     = "azuread:index/servicePrincipal:ServicePrincipal"

	siteKind         = "azure-native:web/v20240401:WebApp"
	siteSettingsKind = "azure-native:web/v20240401:WebAppApplicationSettings"
	siteFTPKind      = "azure-native:web/v20240401:WebAppFtpAllowed"
	siteSCMKind      = "azure-native:web/v20240401:WebAppScmAllowed"
)

// enableRoles is the fix of a half-done update of a role: an update does not see
// that the role is disabled if its inputs are as they were.
const enableRoles = "pulumi up, or if the change is taken back: tenant recover -enable-roles"

// passing are the refusals that only time heals. The first that fits counts. A
// limit of zero is the patience of the stack; no limit is above it.
//
// What creates with several requests is not here unless the refused one is the
// first that writes: ApplicationPassword, ApplicationCertificate and
// ApplicationFederatedIdentityCredential look for what they made, and a refused
// look says the same as a refused request to make it.
var passing = []passingRefusal{
	// Graph checks the role against its copy of the service principal. The
	// provider tries again when a principal is unknown, but not when a role is
	// (terraform-provider-azuread v2.53.1,
	// internal/services/approleassignments/app_role_assignment_resource.go).
	{[]string{assignmentKind}, []string{"create"}, "Permission being assigned was not found on application", "Microsoft Graph to know the new app role", 0, "", nil},
	// The principal is unknown for longer than the provider tries (about 151 s):
	// https://github.com/microsoftgraph/msgraph-bicep-types/issues/193
	{[]string{assignmentKind}, []string{"create"}, "Not a valid reference update", "Microsoft Graph to know the new service principal", 0, "", nil},
	// The same for an application whose service principal is created
	// (…/internal/services/serviceprincipals/service_principal_resource.go).
	{[]string{principalKind}, []string{"create"}, "does not reference a valid application object", "Microsoft Graph to know the new app registration", 0, "", nil},
	{[]string{principalKind}, []string{"create"}, "must in the local tenant", "Microsoft Graph to know the new app registration", 0, "", nil},
	// The provider reads and changes a new application without waiting for its
	// replication here. Should the change be made and only the look at it be
	// refused, the second create finds it and fails without a change.
	{[]string{appRoleKind, identifierURIKind}, []string{"create"}, "does not exist or one of its queried reference-property objects are not present", "Microsoft Graph to know the new app registration", 2 * time.Minute, "", nil},
	// A role is disabled in one request and changed or removed in the next, which
	// may reach a copy that has it enabled
	// (https://learn.microsoft.com/graph/api/resources/approle).
	{[]string{appRoleKind}, []string{"update", "delete"}, "cannot be deleted or updated unless disabled first", "Microsoft Graph to disable the app role everywhere", 2 * time.Minute, enableRoles, nil},
	// An update that fails after its first half leaves the role disabled, which
	// locks every client out, and the next update calls it unchanged. So it is
	// worth another try, whatever the reason is; but if the role is gone, or the
	// login may not change it, the first half was refused.
	{[]string{appRoleKind}, []string{"update"}, "", "Microsoft Graph, which may have left the app role disabled", time.Minute, enableRoles, []string{"could not identify existing app role", "Authorization_RequestDenied"}},
	// App Service takes one change of a site at a time: error 59203,
	// https://github.com/pulumi/pulumi-azure-native/issues/3411. The provider
	// tries again after AnotherOperationInProgress, and the code of this one is
	// Conflict. A site is not created twice: that would find it and fail.
	{[]string{siteSettingsKind, siteFTPKind, siteSCMKind}, []string{"create", "update"}, "because another operation is in progress", "App Service to finish another change of the site", 0, "", nil},
	{[]string{siteKind}, []string{"update"}, "because another operation is in progress", "App Service to finish another change of the site", 0, "", nil},
}

// refusalOf is the refusal in [passing] that an operation met, if any.
func refusalOf(failed *pulumi.ErrorHookArgs) (passingRefusal, bool) {
	if len(failed.Errors) == 0 {
		return passingRefusal{}, false
	}
	i := slices.IndexFunc(passing, func(p passingRefusal) bool {
		return slices.Contains(p.kinds, string(failed.Type)) && slices.Contains(p.operations, failed.FailedOperation) && strings.Contains(failed.Errors[0], p.text) &&
			!slices.ContainsFunc(p.unless, func(text string) bool { return strings.Contains(failed.Errors[0], text) })
	})
	if i < 0 {
		return passingRefusal{}, false
	}
	return passing[i], true
}

// A retrier decides for the resources of one component.
type retrier struct {
	patience time.Duration
	now      func() time.Time
	wait     func(time.Duration)
	say      func(text string) // while it waits
	warn     func(text string) // when it gives up

	mu    sync.Mutex
	since map[pulumi.URN]time.Time // the first refusal
}

// again waits and reports whether to repeat an operation that failed.
func (r *retrier) again(failed *pulumi.ErrorHookArgs) (bool, error) {
	refusal, ok := refusalOf(failed)
	if !ok {
		return false, nil
	}
	limit := r.patience
	if refusal.limit > 0 {
		limit = min(limit, refusal.limit)
	}
	waited := r.waited(failed)
	if waited >= limit {
		r.warn(fmt.Sprintf("gave up on the %s of %s after %s of waiting for %s; fix: %s", failed.FailedOperation, failed.Name, limit, refusal.cause, cmp.Or(refusal.fix, "pulumi up")))
		return false, nil
	}
	pause := min(pauseAfter(len(failed.Errors)), limit-waited)
	r.say(fmt.Sprintf("waiting for %s: %s of %s in %s (%s of %s)", refusal.cause, failed.FailedOperation, failed.Name,
		pause.Round(time.Second), waited.Round(time.Second), limit))
	r.wait(pause)
	return true, nil
}

// waited is the time since an operation was first refused. The first failure
// begins it anew, because a resource that is replaced is deleted and created.
func (r *retrier) waited(failed *pulumi.ErrorHookArgs) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(failed.Errors) == 1 {
		r.since[failed.URN] = r.now()
	}
	return r.now().Sub(r.since[failed.URN])
}

// pauseAfter gives 1, 2, 4, 8, 15, 15, … seconds.
func pauseAfter(failures int) time.Duration {
	return min(time.Second<<min(failures-1, 4), 15*time.Second)
}

// hookName is the name of a component's error hook in the state. The names of
// all hooks of a stack differ.
func hookName(kind, name string) string { return kind + ":" + name + ":retry" }

// retrying makes the children of a component whose types are in [passing] and
// of one provider's plugin try again. A component inside has its own.
func retrying(ctx *pulumi.Context, kind, name string, component pulumi.Resource, plugin string, patience time.Duration) (pulumi.ResourceOption, error) {
	if patience == 0 {
		patience = DefaultPatience
	}
	shown := &pulumi.LogArgs{Resource: component}
	r := &retrier{
		patience: patience, now: time.Now, wait: time.Sleep, since: make(map[pulumi.URN]time.Time),
		// An update does not fail because its progress cannot be shown.
		say:  func(text string) { _ = ctx.Log.Info(text, shown) },
		warn: func(text string) { _ = ctx.Log.Warn(text, shown) },
	}
	hook, err := ctx.RegisterErrorHook(hookName(kind, name), r.again)
	if err != nil {
		return nil, err
	}
	bound := pulumi.ResourceHooks(&pulumi.ResourceHookBinding{OnError: []*pulumi.ErrorHook{hook}})
	return pulumi.Transformations([]pulumi.ResourceTransformation{func(child *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		if !strings.HasPrefix(child.Type, plugin+":") || !slices.ContainsFunc(passing, func(p passingRefusal) bool { return slices.Contains(p.kinds, child.Type) }) {
			return nil
		}
		return &pulumi.ResourceTransformationResult{Props: child.Props, Opts: append(child.Opts, bound)}
	}}), nil
}

// checkPatience is an error if the engine would give up first.
func checkPatience(patience time.Duration) error {
	if patience < 0 || patience > MaxPatience {
		return fmt.Errorf("argument patience: expected at most %s, got %s", MaxPatience, patience)
	}
	return nil
}
