package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"app-to-app/azurecloud"
	"app-to-app/tenant"
	"app-to-app/tenant/picture"
)

// This file is `tenant audit -html` and `-svg`: pictures of what the audit saw, beside
// its report.

// pictureFlags say which pictures to write, and of whom besides the stack.
type pictureFlags struct {
	html, svg string
	ci        []string
}

func newPictureFlags(flags *flag.FlagSet) *pictureFlags {
	p := new(pictureFlags)
	flags.Func("html", "also write a picture of the tenant to this `file`, as a page", p.file(&p.html))
	flags.Func("svg", "also write a picture of the tenant to this `file`, as a drawing", p.file(&p.svg))
	flags.Func("ci", "with -html or -svg, also show what the identity with this `client id` can reach, such as a workflow's; may be repeated", func(id string) error {
		if id == "" {
			return errors.New("expected a client id, got nothing")
		}
		p.ci = append(p.ci, id)
		return nil
	})
	return p
}

func (p *pictureFlags) file(to *string) func(string) error {
	return func(name string) error {
		if name == "" { // of a variable that is not set
			return errors.New("expected the name of a file, got nothing")
		}
		*to = name
		return nil
	}
}

func (p *pictureFlags) wanted() bool { return p.html != "" || p.svg != "" }

// check refuses flags that mean nothing together.
func (p *pictureFlags) check(fixing bool) error {
	switch {
	case p.wanted() && fixing:
		return &usageError{errors.New("expected -fix alone, got -html or -svg with it: what a picture shows would be gone")}
	case len(p.ci) > 0 && !p.wanted():
		return &usageError{errors.New("-ci: expected -html or -svg with it, got neither")}
	case p.html != "" && filepath.Clean(p.html) == filepath.Clean(p.svg):
		return &usageError{fmt.Errorf("expected two files for -html and -svg, got %q twice", p.html)}
	}
	return nil
}

// A pictureFile is one picture to be written. It is written beside its place and put
// there when it is complete, so that a failed audit leaves the one before.
type pictureFile struct {
	name, flag string
	temporary  *os.File
	write      func(io.Writer, picture.Subject) error
}

// open opens the files before the audit, so that a name that will not do is known at
// once. Remove removes what was not put in place.
func (p *pictureFlags) open() (files []*pictureFile, remove func(), err error) {
	remove = func() {
		for _, f := range files {
			_ = f.temporary.Close()
			_ = os.Remove(f.temporary.Name()) // gone, if it was put in place
		}
	}
	for _, f := range []*pictureFile{{name: p.html, flag: "-html", write: picture.HTML}, {name: p.svg, flag: "-svg", write: picture.SVG}} {
		if f.name == "" {
			continue
		}
		if info, err := os.Stat(f.name); err == nil && info.IsDir() {
			remove()
			return nil, nil, &usageError{fmt.Errorf("%s: expected the name of a file, got the folder %s", f.flag, f.name)}
		}
		f.temporary, err = os.CreateTemp(filepath.Dir(f.name), ".picture-*")
		if err != nil {
			remove()
			var cause *os.PathError
			if errors.As(err, &cause) {
				err = cause.Err
			}
			return nil, nil, azurecloud.WithHint(fmt.Errorf("%s: expected a file that can be written, got %s: %w", f.flag, f.name, err), "name a file in a folder that exists and that you may write to")
		}
		files = append(files, f)
	}
	return files, remove, nil
}

// draw writes the pictures of an audit and puts them in place.
func (a audited) draw(ctx context.Context, report tenant.AuditReport, files []*pictureFile, ci []string) error {
	if len(files) == 0 {
		return nil
	}
	identities, err := tenant.Reach(ctx, a.session, a.declared, report.Seen, ci)
	if err != nil {
		return err
	}
	subject := picture.Subject{Stack: a.source.name(), Report: report, Identities: identities, Now: a.options.Now}
	for _, f := range files {
		err := f.write(f.temporary, subject)
		if err == nil {
			err = f.temporary.Chmod(0o644) // no secret is in it
		}
		if err = errors.Join(err, f.temporary.Close()); err == nil {
			err = os.Rename(f.temporary.Name(), f.name)
		}
		if err != nil {
			return fmt.Errorf("%s: write %s: %w", f.flag, f.name, err)
		}
	}
	return nil
}

// name is what the declaration was read from, for people.
func (s estateSource) name() string {
	if len(*s.stacks) > 0 {
		return "stack " + strings.Join(*s.stacks, ", ")
	}
	return filepath.Base(*s.outputs)
}
