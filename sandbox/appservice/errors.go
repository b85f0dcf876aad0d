package appservice

import (
	"errors"
	"fmt"
	"net/http"

	"app-to-app/sandbox/blob"
)

// This file has the kinds of errors. The rules are: what the sandbox does not know
// is an unemulatedError that names the file to extend; storage's refusals keep
// storage's text.

// An unemulatedError is about something in a package or an app's configuration
// that Azure knows and the sandbox does not.
type unemulatedError struct{ what, file string }

func (e *unemulatedError) Error() string {
	return fmt.Sprintf("the sandbox does not emulate %s; to add it, extend sandbox/appservice/%s", e.what, e.file)
}

func unemulated(file, format string, args ...any) error {
	return &unemulatedError{what: fmt.Sprintf(format, args...), file: file}
}

// storageRefusal returns storage's refusal, if err is one.
func storageRefusal(err error) (refusal *blob.Error, ok bool) {
	ok = errors.As(err, &refusal)
	return refusal, ok
}

// accessibleStorage checks the answer to a probe. A missing container or blob is
// fine: storage says so only to a principal with access.
func accessibleStorage(err error) error {
	if refusal, ok := storageRefusal(err); ok && refusal.Status == http.StatusNotFound {
		return nil
	}
	return err
}
