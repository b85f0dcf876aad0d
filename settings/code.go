package settings

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// This file knows which folders of the project are function apps.

const functionsFolder = "functions"

// Code is the function apps that the stack deploys: folders in functions, sorted.
func (s Settings) Code() []string {
	var code []string
	if s.API.Stack == "" {
		code = append(code, s.API.Code)
	}
	for _, client := range s.Clients {
		if client.FunctionApp {
			code = append(code, client.Code)
		}
	}
	slices.Sort(code)
	return slices.Compact(code)
}

// findCode refuses code that is not there, which the build would say in other
// words, and after minutes of look-ups.
func (l *lookups) findCode() {
	if l.Project == nil {
		return
	}
	hosts, err := fs.Glob(l.Project, functionsFolder+"/*/host.json")
	if err != nil {
		panic(err) // only of a bad pattern
	}
	apps := make([]string, len(hosts))
	for i, host := range hosts {
		apps[i] = path.Base(path.Dir(host))
	}
	find := func(key, code, kind, name string) {
		if slices.Contains(apps, code) || l.has(key) {
			return
		}
		next := fmt.Sprintf("go run ./cmd/new %s %s, to begin with an example; or pulumi config set --path %s FOLDER", kind, shellWord(name), shellWord(key))
		l.ask(key, next, "expected the code of a function app in %s/%s, and there is none; those with a host.json are %s", functionsFolder, code, strings.Join(apps, ", "))
	}
	s := l.settings
	if s.API.Stack == "" && !l.hasIn(Namespace+":api") {
		find(Namespace+":api.code", s.API.Code, "api", s.API.Name)
	}
	for n, client := range s.Clients {
		if client.FunctionApp && !l.hasIn(Namespace+":clients") && !l.hasIn(Namespace+":api") {
			find(fmt.Sprintf("%s:clients[%d].code", Namespace, n), client.Code, "client", s.API.Name)
		}
	}
}
