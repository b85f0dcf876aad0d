package acquire

import "strings"

// usualPrefix begins the names of app settings in the texts of this package.
const usualPrefix = "ORDERS_"

// A prefixedError names the app settings of a client of another API.
type prefixedError struct {
	error
	prefix string
}

// prefixed puts the prefix of the client's app settings into an error.
func prefixed(err error, prefix string) error {
	if err == nil || prefix == "" || prefix+"_" == usualPrefix {
		return err
	}
	return &prefixedError{err, prefix + "_"}
}

func (e *prefixedError) Error() string {
	return strings.ReplaceAll(e.error.Error(), usualPrefix, e.prefix)
}

func (e *prefixedError) Unwrap() error { return e.error }
