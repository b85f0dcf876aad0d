//go:build !witness

package contract

const watching = true
