package appservice

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

// This file opens packages. The rules are: a package stays inside its folder
// (no absolute path, no "..", no link, no device); its unpacked
// size is limited, by counting bytes and not by what the archive claims; the
// folder is read-only, as the mounted package is on Flex Consumption; modes
// come from the archive, because a handler without the execute bit does not
// start in Azure either.

const (
	maxPackageBytes  = 256 << 20
	maxUnpackedBytes = 1 << 30
	maxPackageFiles  = 20_000
)

// openPackage opens a package and checks that all of it may be unpacked.
func openPackage(file string) (*zip.ReadCloser, error) {
	archive, err := zip.OpenReader(file)
	if err != nil {
		return nil, fmt.Errorf("expected a zip archive: %w", err)
	}
	if err := checkArchive(&archive.Reader); err != nil {
		archive.Close()
		return nil, err
	}
	return archive, nil
}

func checkArchive(archive *zip.Reader) error {
	if len(archive.File) > maxPackageFiles {
		return fmt.Errorf("expected at most %d entries, got %d", maxPackageFiles, len(archive.File))
	}
	seen := make(map[string]bool, len(archive.File))
	var size uint64
	for _, entry := range archive.File {
		name := strings.TrimSuffix(entry.Name, "/")
		mode := entry.Mode()
		switch {
		case !filepath.IsLocal(name) || name != path.Clean(name) || strings.ContainsAny(name, "\\\x00"):
			return fmt.Errorf("entry %q: expected a relative path inside the package", entry.Name)
		case mode&fs.ModeType != 0 && !mode.IsDir():
			return fmt.Errorf("entry %q: expected a file or a folder, got mode %s", entry.Name, mode)
		case seen[name] && !mode.IsDir():
			return fmt.Errorf("entry %q: expected every name once, got it twice", entry.Name)
		}
		seen[name] = true
		if size += entry.UncompressedSize64; entry.UncompressedSize64 > maxUnpackedBytes || size > maxUnpackedBytes {
			return fmt.Errorf("expected at most %d bytes when unpacked, got more", maxUnpackedBytes)
		}
	}
	return nil
}

// unpack writes a checked package into the new folder dir.
func unpack(archive *zip.Reader, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, entry := range archive.File {
		if err := unpackEntry(root, entry); err != nil {
			return fmt.Errorf("entry %q: %w", entry.Name, err)
		}
	}
	return setFolderModes(dir, 0o555)
}

func unpackEntry(root *os.Root, entry *zip.File) error {
	if entry.Mode().IsDir() {
		return root.MkdirAll(strings.TrimSuffix(entry.Name, "/"), 0o755)
	}
	if folder := path.Dir(entry.Name); folder != "." {
		if err := root.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	from, err := entry.Open()
	if err != nil {
		return err
	}
	defer from.Close()
	// A process that is being started while the file is open for writing would
	// share it until it begins to execute, and keep the file from being
	// executed (ETXTBSY, golang.org/issue/22315).
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	to, err := root.OpenFile(entry.Name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	written, err := io.Copy(to, io.LimitReader(from, int64(entry.UncompressedSize64)+1))
	if err == nil && uint64(written) > entry.UncompressedSize64 {
		err = fmt.Errorf("expected %d bytes as the archive's directory says, got more", entry.UncompressedSize64)
	}
	mode := fs.FileMode(0o444)
	if entry.Mode()&0o100 != 0 {
		mode = 0o555
	}
	return errors.Join(err, to.Chmod(mode), to.Close())
}

// setFolderModes changes the mode of dir and of every folder in it.
func setFolderModes(dir string, mode fs.FileMode) error {
	var folders []string
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			folders = append(folders, name)
			// Folders must be searchable while they are walked.
			err = os.Chmod(name, 0o755)
		}
		return err
	})
	for i := len(folders) - 1; i >= 0; i-- {
		err = errors.Join(err, os.Chmod(folders[i], mode))
	}
	return err
}

// hashOf is the SHA-256 of a file in lower-case hex.
func hashOf(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	hash := sha256.New()
	_, err = io.Copy(hash, f)
	return hex.EncodeToString(hash.Sum(nil)), err
}

// emptyDir removes dir with the read-only folders in it. One that is not there
// is empty.
func emptyDir(dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(setFolderModes(dir, 0o755), os.RemoveAll(dir))
}
