package executable

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// sourceFile, beside a kept executable, is the path of what it is built from.
const sourceFile = "source"

// Kept returns the folder, in the user's cache directory, for what is built from
// the folder source, so that every sandbox finds it there; kind is what it is.
// Folders of the same kind whose source is gone are removed.
func Kept(kind, source string) (folder string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(source))
	all := filepath.Join(cache, "app-to-app", kind+"-")
	folder = all + hex.EncodeToString(sum[:8])
	named := filepath.Join(folder, sourceFile)
	if got, err := os.ReadFile(named); err == nil && string(got) == source {
		return folder, nil
	}
	if err := sweep(all + "*"); err != nil {
		return "", fmt.Errorf("remove what was built from sources that are gone: %w", err)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	return folder, os.WriteFile(named, []byte(source), 0o600)
}

// sweep removes the folders of a pattern whose source is gone.
func sweep(pattern string) error {
	named, err := filepath.Glob(filepath.Join(pattern, sourceFile))
	if err != nil {
		return err
	}
	var problems []error
	for _, path := range named {
		source, err := os.ReadFile(path)
		if err != nil {
			continue // another process removes it
		}
		if _, err := os.Stat(string(source)); len(source) > 0 && errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, os.RemoveAll(filepath.Dir(path)))
		}
	}
	return errors.Join(problems...)
}
