package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
)

// This file has the operations on values that a [Reader] has checked.

// Parse decodes one JSON object and nothing behind it. Numbers keep their
// digits: they are [json.Number].
func Parse(data []byte) (map[string]any, error) {
	var object map[string]any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); object == nil || err != io.EOF {
		return nil, errors.New("expected one JSON object")
	}
	return object, nil
}

// Decode stores a value in what into points to, by its JSON names.
func Decode(value, into any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// Merge returns stored with the changes of sent: members of objects that were not
// sent stay; everything else that was sent replaces the stored value.
func (fields Fields) Merge(stored, sent map[string]any) map[string]any {
	merged := make(map[string]any, len(stored)+len(sent))
	maps.Copy(merged, stored)
	for name, value := range sent {
		old, wasObject := stored[name].(map[string]any)
		new, isObject := value.(map[string]any)
		if f := fields[name]; f.form == object && wasObject && isObject {
			value = f.members.Merge(old, new)
		}
		merged[name] = value
	}
	return merged
}

// Show returns all fields with their stored values or defaults.
func (fields Fields) Show(stored map[string]any) map[string]any {
	shown := make(map[string]any, len(fields))
	for name, f := range fields {
		value, set := stored[name]
		if !set {
			value = f.initial
		}
		shown[name] = f.Show(value)
	}
	return shown
}

// Show returns a stored value with the defaults of its members. Lists are never
// null, texts never empty.
func (f Field) Show(stored any) any {
	switch f.form {
	case list:
		items, _ := stored.([]any)
		shown := make([]any, 0, len(items))
		for _, item := range items {
			shown = append(shown, f.element.Show(item))
		}
		return shown
	case object:
		members, set := stored.(map[string]any)
		if !set && f.nullUntilSet {
			return nil
		}
		return f.members.Show(members)
	}
	if stored == "" {
		return nil
	}
	return stored
}

// ChangedFixed returns the path of the first fixed property that after would
// change, or "". A property that after leaves out keeps its value.
func (fields Fields) ChangedFixed(before, after map[string]any) string {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		f, old, new := fields[name], before[name], after[name]
		if f.fixed && new != nil && !Same(old, new) && !(old == nil && new == false) {
			return name
		}
		oldMembers, _ := old.(map[string]any)
		newMembers, _ := new.(map[string]any)
		if changed := f.members.ChangedFixed(oldMembers, newMembers); changed != "" {
			return name + "." + changed
		}
	}
	return ""
}

// Same says whether two values have the same JSON.
func Same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
