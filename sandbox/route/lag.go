package route

import (
	"encoding/json"
	"fmt"
	"time"
)

// A Lag says how long other parts of Microsoft Entra do not know a new object,
// because its copies are updated one after the other
// (https://learn.microsoft.com/entra/architecture/architecture). The zero value
// is no lag. Durations are on the sandbox's clock: advancing it ends the lag.
//
// Removals take effect at once, on purpose: Microsoft does not document how
// long a removed object can still be seen.
type Lag struct {
	// Application: Graph refuses a service principal for a new application.
	Application time.Duration
	// ServicePrincipal: Graph refuses app role assignments to and of a new
	// service principal, that of a managed identity included.
	ServicePrincipal time.Duration
	// AppRole: Graph refuses assignments of a new app role, which the service
	// principal's copy does not have yet.
	AppRole time.Duration

	// TokenClient: the token endpoint does not know a new application
	// (AADSTS700016), or its service principal (AADSTS7000229).
	TokenClient time.Duration
	// TokenSecret: the token endpoint refuses a new client secret
	// (AADSTS7000215).
	TokenSecret time.Duration
	// TokenFederated: the token endpoint does not know a new federated identity
	// credential (AADSTS70021, or AADSTS70021x when there are others).
	TokenFederated time.Duration
	// TokenAssignment: tokens do not have a new app role assignment yet: no
	// role, or AADSTS501051 where an assignment is required.
	TokenAssignment time.Duration

	// SignInLog: Graph does not show a sign-in in its log and reports yet.
	SignInLog time.Duration
	// FunctionLog: what a function app printed is not in its workspace yet.
	FunctionLog time.Duration
}

// UnmarshalJSON reads durations by name: {"appRole":"30s","tokenSecret":"1m"}.
// What is not named is zero.
func (l *Lag) UnmarshalJSON(data []byte) error {
	var texts map[string]string
	if err := json.Unmarshal(data, &texts); err != nil {
		return fmt.Errorf("lag: expected durations like \"30s\" by name: %w", err)
	}
	*l = Lag{}
	known := map[string]*time.Duration{
		"application": &l.Application, "servicePrincipal": &l.ServicePrincipal, "appRole": &l.AppRole,
		"tokenClient": &l.TokenClient, "tokenSecret": &l.TokenSecret, "tokenFederated": &l.TokenFederated, "tokenAssignment": &l.TokenAssignment,
		"signInLog": &l.SignInLog, "functionLog": &l.FunctionLog,
	}
	for name, text := range texts {
		field, ok := known[name]
		if !ok {
			return fmt.Errorf("lag: expected the name of a lag, as in sandbox/route/lag.go, got %q", name)
		}
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return fmt.Errorf("lag: %s: expected a positive duration like \"30s\", got %q", name, text)
		}
		*field = d
	}
	return nil
}

// SetLag replaces the lag. It also applies to what was made before.
func (w *Weather) SetLag(l Lag) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lag = l
}

// Lag returns the lag that was set last.
func (w *Weather) Lag() Lag {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lag
}
