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
	all := filepath.Join(cache, "app-to-app")
	folder = filepath.Join(all, folderOf(kind, source))
	named := filepath.Join(folder, sourceFile)
	if got, err := os.ReadFile(named); err == nil && string(got) == source {
		return folder, nil
	}
	if err := sweep(all, kind); err != nil {
		return "", fmt.Errorf("remove what was built from sources that are gone: %w", err)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	return folder, os.WriteFile(named, []byte(source), 0o600)
}

// folderOf is the name of the folder for a source.
func folderOf(kind, source string) string {
	sum := sha256.Sum256([]byte(source))
	return kind + "-" + hex.EncodeToString(sum[:8])
}

// sweep removes the folders of a kind whose source is gone. It removes none but those
// that [Kept] has made for the source that they name.
func sweep(all, kind string) error {
	folders, err := os.ReadDir(all)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var problems []error
	for _, folder := range folders {
		path := filepath.Join(all, folder.Name())
		source, err := os.ReadFile(filepath.Join(path, sourceFile))
		if err != nil || folder.Name() != folderOf(kind, string(source)) {
			continue // another process removes it, or it is of another kind
		}
		if _, err := os.Stat(string(source)); errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, os.RemoveAll(path))
		}
	}
	return errors.Join(problems...)
}
