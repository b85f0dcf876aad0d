//go:build !linux && !darwin

package appservice

import (
	"errors"
	"os/exec"
	"time"
)

// This file lets the package be compiled where the sandbox does not run, so
// that its commands can say so.

type starter struct{}

func newStarter() *starter { return &starter{} }

func (*starter) start(*exec.Cmd) (*process, error) {
	return nil, errors.New("start process: the sandbox runs handlers on Linux and macOS only")
}

func (*starter) close() {}

type process struct {
	exited chan struct{}
	code   int
}

func (*process) stop(time.Duration) bool { return true }
