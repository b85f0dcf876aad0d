package recover

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"app-to-app/azurecloud"
)

// A repair puts a file of the backend right.
type repair struct {
	path, why string
	do        func() error
}

// damage finds the files that a killed engine left half written:
//   - NAME.json.attrs, beside an intact state: any command then ends with
//     "failed to load checkpoint: EOF". It holds the content type and nothing
//     else, and the backend reads a state without it
//   - NAME.json: the copy that the engine makes before each write takes its place
func (f *files) damage() (all []repair, err error) {
	checkpoint := filepath.Join(f.root, "stacks", f.project, f.stack+".json")
	for _, path := range []string{checkpoint, checkpoint + ".gz"} { // PULUMI_DIY_BACKEND_GZIP
		damaged, err := isCut(path + ".attrs")
		if err != nil {
			return nil, err
		}
		if damaged {
			all = append(all, repair{path + ".attrs", "it is cut off; the state beside it is read without it",
				func() error { return os.Remove(path + ".attrs") }})
		}
	}
	damaged, err := isCut(checkpoint)
	if err != nil || !damaged {
		return all, err
	}
	backup := checkpoint + ".bak"
	if cut, err := isCut(backup); err != nil || cut {
		return nil, errors.Join(err, fmt.Errorf("%s is cut off, and so is the copy beside it", checkpoint))
	}
	data, err := os.ReadFile(backup)
	if errors.Is(err, os.ErrNotExist) {
		return nil, azurecloud.WithHint(fmt.Errorf("%s is cut off, and there is no copy %s", checkpoint, backup),
			"put a state that was kept elsewhere there: pulumi stack import --file FILE --stack "+f.stack)
	}
	if err != nil {
		return nil, err
	}
	return append(all, repair{checkpoint, "it is cut off; its copy, NAME.json.bak, lacks the last step, which is looked for below",
		func() error { return replaceFile(checkpoint, data) }}), nil
}

// isCut reports whether a file is there and is not JSON.
func isCut(path string) (bool, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) || err == nil && filepath.Ext(path) == ".gz" {
		return false, nil
	}
	return err == nil && !json.Valid(data), err
}

// replaceFile leaves the old file or the new one, and nothing between.
func replaceFile(path string, data []byte) error {
	w, err := os.CreateTemp(filepath.Dir(path), ".recover-*")
	if err != nil {
		return err
	}
	defer os.Remove(w.Name())
	_, err = w.Write(data)
	if err = errors.Join(err, w.Sync(), w.Close()); err != nil {
		return err
	}
	return os.Rename(w.Name(), path)
}
