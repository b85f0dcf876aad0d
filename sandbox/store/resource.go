package store

import (
	"encoding/json"
	"strings"
	"time"
)

// This file has the state of ARM, blob storage and App Service.

// A Subscription belongs to one tenant.
type Subscription struct {
	ID          string
	TenantID    string
	DisplayName string
	// Registered resource providers, lower case (microsoft.web).
	Registered map[string]bool
}

// A Resource is anything ARM keeps under an id: a resource group, a resource, a
// child resource, or the configuration of one.
type Resource struct {
	ID             string // in the case it was created with
	TenantID       string
	SubscriptionID string
	ResourceGroup  string // its name; empty for a resource at another scope
	Type           string // Microsoft.Web/sites; Microsoft.Resources/resourceGroups
	Name           string // the last name of the id
	APIVersion     string // of the last write
	CreatedBy      string // object id of the caller
	CreatedAt      time.Time
	ChangedAt      time.Time

	Location   string
	Kind       string
	Tags       map[string]string
	SKU        json.RawMessage
	Identity   json.RawMessage
	Properties json.RawMessage // as ARM shows them, read-only ones included
}

// An Operation is an asynchronous ARM operation.
type Operation struct {
	ID             string
	SubscriptionID string
	ResourceID     string
	Action         string // create, delete
	Status         string // InProgress, Succeeded, Failed
	DoneAt         time.Time
	Error          json.RawMessage
	CreatedBy      string
}

// A RoleAssignment is an Azure RBAC assignment.
type RoleAssignment struct {
	ID            string // full ARM id
	TenantID      string
	Name          string // GUID
	Scope         string // as given, for example /subscriptions/…
	RoleID        string // GUID of the role definition
	PrincipalID   string
	PrincipalType string
	Description   string
	CreatedBy     string
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// A DiagnosticSetting sends the logs of a resource to a workspace. It outlives
// its resource.
type DiagnosticSetting struct {
	ID         string // full ARM id
	Name       string
	Properties json.RawMessage // as ARM shows them
}

// A Blob is one object of a storage container. Its content is
// [Store.ContentPath] of SHA256.
type Blob struct {
	Account      string // storage account's name, lower case
	Container    string
	Name         string
	SHA256       string
	Size         int64
	ContentType  string
	ContentMD5   string
	ETag         string
	LastModified time.Time
	CreatedAt    time.Time
	Metadata     map[string]string

	// Blocks are those the content was committed from; Uncommitted wait for a
	// block list. A blob that was never committed has an empty SHA256, and no
	// reader sees it.
	Blocks      []Block
	Uncommitted []Block
}

// A Block is one piece of a block blob.
type Block struct {
	ID     string // base64, as the client chose it
	SHA256 string
	Size   int64
}

// A Site is what App Service stores about a function app besides its resource.
type Site struct {
	ResourceID     string // of the Microsoft.Web/sites resource
	TenantID       string
	AppPort        int // the app answers on https://127.0.0.1:AppPort
	SCMPort        int
	IdentityHeader string // shared secret of the managed identity endpoint
	MasterKey      string
	HostKeys       map[string]string            // name → key
	FunctionKeys   map[string]map[string]string // function → name → key
	Functions      []string                     // of the running package
	Described      map[string]Function          // the same, by name
	Package        string                       // SHA-256 of the running package; empty before the first
	Deployments    []Deployment                 // oldest first
	Timers         map[string]TimerStatus       // function → where its schedule stands
}

// A Function is what ARM shows of a function of a running package.
type Function struct {
	Config   json.RawMessage // function.json; empty if it cannot be read
	Route    string          // of an HTTP trigger: /api/orders/{id?}
	Disabled bool
}

// A TimerStatus is what the Functions host remembers of a timer between
// restarts (useMonitor), to notice an occurrence that it missed.
type TimerStatus struct {
	Schedule    string    // that Next was computed with
	Last        time.Time // last run; zero before the first
	Next        time.Time // due next
	LastUpdated time.Time // zero before the first run
}

// A Deployment is one publish to a site. Status numbers are those of Kudu:
// 0 pending, 1 building, 2 deploying, 3 failed, 4 success, 5 conflict,
// 6 partial success.
type Deployment struct {
	ID         string
	Status     int
	StatusText string
	Message    string
	Deployer   string
	Author     string // object id of the caller
	Package    string // SHA-256
	Log        []string
	Active     bool
	ReceivedAt time.Time
	EndedAt    time.Time
}

// Collections of resources. Keys: lower-case id, see [ResourceKey];
// subscriptions by lower-case GUID; blobs by account/container/name.
var (
	Subscriptions      = collection[Subscription]("subscriptions")
	Resources          = collection[Resource]("resources")
	Operations         = collection[Operation]("operations")
	RoleAssignments    = collection[RoleAssignment]("roleAssignments")
	DiagnosticSettings = collection[DiagnosticSetting]("diagnosticSettings")
	Blobs              = collection[Blob]("blobs")
	Sites              = collection[Site]("sites")
)

// A CachedToken is a managed identity's access token as the platform caches it.
type CachedToken struct {
	AccessToken string
	IssuedAt    time.Time // sandbox time
	ExpiresAt   time.Time // sandbox time
}

// IdentityTokens are keyed TENANT/PRINCIPAL/RESOURCE, lower case.
var IdentityTokens = collection[CachedToken]("identityTokens")

// Settings of the sandbox itself (ports, tokens, seeds), by name.
var Settings = collection[json.RawMessage]("settings")

var clockOffset = collection[time.Duration]("clock")

// ResourceKey is the key of an ARM id: ARM ids ignore case.
func ResourceKey(id string) string { return strings.ToLower(strings.TrimSuffix(id, "/")) }

// ResourceByID returns the resource with that id in any case.
func ResourceByID(tx *Tx, id string) (Resource, bool) { return Resources.Get(tx, ResourceKey(id)) }
