// Package store has all state of the sandbox: that of the local Entra, Graph, ARM,
// blob and Functions services. It is one bbolt file in the sandbox's directory, and
// each change is one write transaction, so that a restart or a kill -9 loses
// nothing that was answered.
//
// The models here are plain data. Rules (who may do what, what is refused, what a
// property means) are in the service packages.
//
// Not for production: content is not encrypted, and writes are not synced to
// the disk, so a power cut (not a killed process) may lose the last of them.
package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// ErrInUse is returned by [Open] when another sandbox owns the directory.
var ErrInUse = errors.New("another sandbox is using this directory")

// A Store is the state of one sandbox. It is safe for concurrent use.
type Store struct {
	db       *bolt.DB
	contents string // folder of blob contents, by SHA-256
	offset   atomic.Int64
	wall     func() time.Time
	ledger   ledger
}

// Open opens or creates the store in dir. A nil wall clock means time.Now. It
// returns [ErrInUse] when another process has the store open.
func Open(dir string, wall func() time.Time) (*Store, error) {
	if wall == nil {
		wall = time.Now
	}
	contents := filepath.Join(dir, "contents")
	if err := os.MkdirAll(contents, 0o700); err != nil {
		return nil, fmt.Errorf("create store: %w", err)
	}
	path := filepath.Join(dir, "state.db")
	db, err := openFile(path)
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("open store %q: %w", dir, ErrInUse)
	}
	if isCorrupt(err) {
		return nil, fmt.Errorf("open store: expected the state of a sandbox in %s, got %w; fix: rm -r '%s', which loses what is deployed there; the next start makes a new one", path, err, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s := &Store{db: db, contents: contents, wall: wall}
	err = s.Update(func(tx *Tx) error {
		for _, name := range collectionNames {
			if _, err := tx.bolt.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		offset, _ := clockOffset.Get(tx, "offset")
		s.offset.Store(int64(offset))
		return nil
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("prepare store: %w", err), db.Close())
	}
	return s, nil
}

// openFile opens the file at path. bbolt panics over some of the files that it
// cannot read.
func openFile(path string) (db *bolt.DB, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("%w: %v", bolterrors.ErrInvalid, problem)
		}
	}()
	return bolt.Open(path, 0o600, &bolt.Options{
		Timeout: time.Second,
		// No sync: the sandbox promises to survive a killed process, and the
		// kernel keeps written pages then.
		NoSync:         true,
		NoFreelistSync: true,
	})
}

// isCorrupt reports whether bbolt says that a file is not one of its own.
func isCorrupt(err error) bool {
	return errors.Is(err, bolterrors.ErrInvalid) || errors.Is(err, bolterrors.ErrVersionMismatch) || errors.Is(err, bolterrors.ErrChecksum)
}

// Close releases the store.
func (s *Store) Close() error { return s.db.Close() }

// Now is the sandbox's time: the machine's plus the offset of [Store.Advance].
// Services use it for all they store. Times inside tokens come from [Store.Wall].
func (s *Store) Now() time.Time {
	return s.wall().Add(time.Duration(s.offset.Load())).UTC()
}

// Wall is the machine's time, which clients see too.
func (s *Store) Wall() time.Time { return s.wall().UTC() }

// Advance moves the sandbox's clock forward by d; it cannot go back.
func (s *Store) Advance(d time.Duration) error {
	if d < 0 {
		return fmt.Errorf("advance the clock: expected a positive duration, got %q", d)
	}
	return s.Update(func(tx *Tx) error {
		offset, _ := clockOffset.Get(tx, "offset")
		offset += d
		clockOffset.Put(tx, "offset", offset)
		s.offset.Store(int64(offset))
		return nil
	})
}

// A Tx is one transaction over the store. It must not outlive the function it
// was handed to, nor be used by two goroutines.
type Tx struct {
	store *Store
	bolt  *bolt.Tx
	err   error
}

// View runs read against a consistent snapshot. Writing in it is a bug and
// fails.
func (s *Store) View(read func(*Tx) error) error {
	return s.db.View(func(b *bolt.Tx) error {
		tx := &Tx{store: s, bolt: b}
		return errors.Join(read(tx), tx.err)
	})
}

// Update runs change, one at a time. When it returns an error nothing is stored.
func (s *Store) Update(change func(*Tx) error) error {
	return s.db.Update(func(b *bolt.Tx) error {
		tx := &Tx{store: s, bolt: b}
		if err := change(tx); err != nil {
			return err
		}
		return tx.err
	})
}

// A Collection is one kind of object, kept under string keys. Reading one that
// cannot be decoded makes the transaction fail.
type Collection[T any] struct{ name string }

var collectionNames []string

func collection[T any](name string) Collection[T] {
	collectionNames = append(collectionNames, name)
	return Collection[T]{name: name}
}

// Get returns the object under key, and whether there is one.
func (c Collection[T]) Get(tx *Tx, key string) (T, bool) {
	var v T
	data := tx.bolt.Bucket([]byte(c.name)).Get([]byte(key))
	if data == nil {
		return v, false
	}
	if err := json.Unmarshal(data, &v); err != nil {
		tx.fail(fmt.Errorf("decode %s %q: %w", c.name, key, err))
		return v, false
	}
	return v, true
}

// Put stores v under key, replacing what was there.
func (c Collection[T]) Put(tx *Tx, key string, v T) {
	data, err := json.Marshal(v)
	if err == nil {
		err = tx.bolt.Bucket([]byte(c.name)).Put([]byte(key), data)
	}
	if err != nil {
		tx.fail(fmt.Errorf("store %s %q: %w", c.name, key, err))
	}
}

// Delete removes what is under key, if anything.
func (c Collection[T]) Delete(tx *Tx, key string) {
	if err := tx.bolt.Bucket([]byte(c.name)).Delete([]byte(key)); err != nil {
		tx.fail(fmt.Errorf("delete %s %q: %w", c.name, key, err))
	}
}

// DeleteBelow removes everything whose key starts with prefix.
func (c Collection[T]) DeleteBelow(tx *Tx, prefix string) {
	c.deleteFrom(tx, prefix, prefix)
}

// deleteFrom removes everything whose key starts with prefix and does not come
// before first.
func (c Collection[T]) deleteFrom(tx *Tx, prefix, first string) {
	var keys []string
	cursor := tx.bolt.Bucket([]byte(c.name)).Cursor()
	for k, _ := cursor.Seek([]byte(first)); k != nil && strings.HasPrefix(string(k), prefix); k, _ = cursor.Next() {
		keys = append(keys, string(k))
	}
	for _, key := range keys {
		c.Delete(tx, key)
	}
}

// All returns the objects whose key starts with prefix, in the order of their
// keys. The loop body must not change the collection; collect the keys first.
func (c Collection[T]) All(tx *Tx, prefix string) iter.Seq2[string, T] {
	return c.Holding(tx, prefix, "")
}

// Holding is All, but skips most objects in which id does not occur, in any
// case. It is faster because it decodes only the objects that may match; the
// caller still has to check the field it means. An id with anything but letters,
// digits, hyphens and underscores, which JSON might escape, skips nothing.
func (c Collection[T]) Holding(tx *Tx, prefix, id string) iter.Seq2[string, T] {
	if !plainID.MatchString(id) {
		id = ""
	}
	id = strings.ToLower(id)
	return func(yield func(string, T) bool) {
		cursor := tx.bolt.Bucket([]byte(c.name)).Cursor()
		for k, data := cursor.Seek([]byte(prefix)); k != nil && len(k) >= len(prefix) && string(k[:len(prefix)]) == prefix; k, data = cursor.Next() {
			if id != "" && !bytes.Contains(bytes.ToLower(data), []byte(id)) {
				continue
			}
			var v T
			if err := json.Unmarshal(data, &v); err != nil {
				tx.fail(fmt.Errorf("decode %s %q: %w", c.name, k, err))
				return
			}
			if !yield(string(k), v) {
				return
			}
		}
	}
}

var plainID = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// fail makes the transaction fail with the first error given.
func (tx *Tx) fail(err error) {
	if tx.err == nil {
		tx.err = err
	}
}
