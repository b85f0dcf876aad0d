package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// PutContent stores what r delivers and returns its SHA-256 in lower-case hex
// and its size in bytes. Storing the same bytes twice costs one file.
func (s *Store) PutContent(r io.Reader) (sum string, size int64, err error) {
	f, err := os.CreateTemp(s.contents, "incoming-*")
	if err != nil {
		return "", 0, fmt.Errorf("store content: %w", err)
	}
	defer os.Remove(f.Name())
	hash := sha256.New()
	size, err = io.Copy(io.MultiWriter(f, hash), r)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", 0, fmt.Errorf("store content: %w", err)
	}
	sum = hex.EncodeToString(hash.Sum(nil))
	if err := os.Rename(f.Name(), s.ContentPath(sum)); err != nil {
		return "", 0, fmt.Errorf("store content: %w", err)
	}
	return sum, size, nil
}

// ContentPath is the file that holds the content with the given SHA-256.
func (s *Store) ContentPath(sum string) string { return filepath.Join(s.contents, sum) }
