// Package embedding shows how a Go test of another project uses the sandbox: its
// own code signs in and calls Microsoft's services, which run in the test's process
// on 127.0.0.1. There is nothing to install and nothing to clean up.
//
// It has tests only. Copy one of them to begin with; docs/embedding.md says what the
// sandbox checks and what it refuses.
package embedding
