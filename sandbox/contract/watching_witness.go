//go:build witness

package contract

const watching = false
