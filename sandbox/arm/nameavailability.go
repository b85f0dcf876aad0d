package arm

import (
	"errors"
	"fmt"
	"strings"

	"app-to-app/sandbox/schema"
)

// This file answers whether a name is free, for types whose names are globally
// unique.

const (
	accountNameCheck = "Microsoft.Storage/checknameavailability/read"
	siteNameCheck    = "Microsoft.Web/checknameavailability/read"
)

// checkAccountName follows
// learn.microsoft.com/rest/api/storagerp/storage-accounts/check-name-availability.
func (c *call) checkAccountName() (reply, error) {
	t := c.service.typeOf(storageType)
	name, err := c.askedName(t, storageType)
	if err != nil {
		return reply{}, err
	}
	if t.names.check(name) != nil {
		return ok(map[string]any{"nameAvailable": false, "reason": "AccountNameInvalid", "message": fmt.Sprintf(accountNameText, name)})
	}
	return availability(c.freeAccountName(name))
}

// checkSiteName follows
// learn.microsoft.com/rest/api/appservice/check-name-availability.
func (c *call) checkSiteName() (reply, error) {
	t := c.service.typeOf(siteType)
	name, err := c.askedName(t, siteType, "Site")
	if err != nil {
		return reply{}, err
	}
	if invalid := t.names.check(name); invalid != nil {
		return ok(map[string]any{"nameAvailable": false, "reason": "Invalid", "message": messageOf(invalid)})
	}
	return availability(c.freeSiteName(name))
}

// askedName returns the name in a request for {"name","type"}.
func (c *call) askedName(t *resourceType, kinds ...string) (string, error) {
	if err := t.supports(c.version); err != nil {
		return "", err
	}
	body, err := c.read(schema.Fields{"name": schema.Text().Required(), "type": schema.Text(kinds...).Required(), "isFqdn": schema.Flag().Only(false)})
	return textAt(body, "name"), err
}

func availability(taken error) (reply, error) {
	if taken != nil {
		return ok(map[string]any{"nameAvailable": false, "reason": "AlreadyExists", "message": messageOf(taken)})
	}
	return ok(map[string]any{"nameAvailable": true})
}

func messageOf(err error) string {
	var refused *refusal
	if errors.As(err, &refused) {
		return refused.message
	}
	return strings.TrimSpace(err.Error())
}
