package components

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// This file keeps the results of builds. The rules are: a file is named after
// its content and gets its name once it is complete; nothing is removed that a
// concurrent build or publish may still need.

const (
	packageEnding = ".zip"
	handlerEnding = ".handler"
	hashInName    = 16
	// keepPackages is longer than any publish waits: one in another shell may
	// be about to send a package that this build has replaced.
	keepPackages = 24 * time.Hour
)

// A cache is the files of one function app in the folder of packages.
type cache struct {
	folder, work, name string
}

// handler is where the handler is built.
func (c cache) handler() string { return filepath.Join(c.work, c.name) }

func sumOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// keep writes content to the file named after it. A reader that has the file
// open keeps the old one, which has the same bytes.
func (c cache) keep(content []byte, ending string) (file string, err error) {
	file = c.name + "-" + sumOf(content)[:hashInName] + ending
	temporary := filepath.Join(c.work, file)
	if err := os.WriteFile(temporary, content, 0o644); err != nil {
		return "", err
	}
	return file, os.Rename(temporary, filepath.Join(c.folder, file))
}

// hash is the part of a file's name that identifies its content; "" if the file
// is not one of ours.
func (c cache) hash(file, ending string) string {
	hash, ok := strings.CutPrefix(file, c.name+"-")
	hash, ends := strings.CutSuffix(hash, ending)
	if _, err := hex.DecodeString(hash); err != nil || !ok || !ends || len(hash) != hashInName {
		return ""
	}
	return hash
}

// layOut puts the last handler where the next is built. If it is up to date,
// the go command skips linking, which is most of a build's time. A file whose
// content does not match its name is not used.
func (c cache) layOut() {
	entries, err := os.ReadDir(c.folder)
	if err != nil {
		return
	}
	var newest string
	var made time.Time
	for _, entry := range entries {
		info, err := entry.Info()
		if err == nil && c.hash(entry.Name(), handlerEnding) != "" && info.ModTime().After(made) {
			newest, made = entry.Name(), info.ModTime()
		}
	}
	content, err := os.ReadFile(filepath.Join(c.folder, newest))
	if err == nil && strings.HasPrefix(sumOf(content), c.hash(newest, handlerEnding)) {
		_ = os.WriteFile(c.handler(), content, 0o755)
	}
}

// sweep removes older files, except the package that was just built, and what
// an interrupted build left. Errors are ignored: a file that cannot be removed
// stays.
func (c cache) sweep(built string, now time.Time) {
	entries, err := os.ReadDir(c.folder)
	if err != nil {
		return
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || entry.Name() == built || now.Sub(info.ModTime()) < keepPackages {
			continue
		}
		interrupted := entry.IsDir() && strings.HasPrefix(entry.Name(), "build-")
		if interrupted || c.hash(entry.Name(), packageEnding) != "" || c.hash(entry.Name(), handlerEnding) != "" {
			_ = os.RemoveAll(filepath.Join(c.folder, entry.Name()))
		}
	}
}
