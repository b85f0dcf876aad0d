package requests

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf16"
)

// This file reads JSON so that two readers of one file cannot see two things:
// no name that is not known, none twice, none in another case, nothing after the
// end. encoding/json alone takes the last of two names, and "Roles" for "roles".

const mostBytes = 1 << 20

func decode(data []byte, into any) error {
	if len(data) > mostBytes {
		return fmt.Errorf("expected at most %d bytes, got %d", mostBytes, len(data))
	}
	tokens := json.NewDecoder(bytes.NewReader(data))
	names := make(map[string]bool)
	if err := refuseDuplicates(tokens, names); err != nil {
		return err
	}
	if _, err := tokens.Token(); !errors.Is(err, io.EOF) {
		return errors.New("expected nothing after the object")
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	known := make(map[string]bool)
	addNames(reflect.TypeOf(into), known)
	for name := range names {
		if !known[name] {
			return fmt.Errorf("expected names in the case of the schema and in its letters, got %+q", cut(name))
		}
	}
	return nil
}

// addNames adds the names that a type has in JSON, each as it is written.
func addNames(t reflect.Type, known map[string]bool) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		addNames(t.Elem(), known)
	case reflect.Struct:
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			known[name] = true
			addNames(t.Field(i).Type, known)
		}
	}
}

// refuseDuplicates reads one value and adds its names. They are compared without case,
// as encoding/json does; it also takes letters that only look like others.
func refuseDuplicates(tokens *json.Decoder, names map[string]bool) error {
	token, err := tokens.Token()
	if err != nil {
		return fmt.Errorf("expected JSON: %w", err)
	}
	opening, nested := token.(json.Delim)
	if !nested {
		return nil
	}
	seen := make(map[string]bool)
	for tokens.More() {
		if opening == '{' {
			token, err := tokens.Token()
			if err != nil {
				return fmt.Errorf("expected JSON: %w", err)
			}
			name, _ := token.(string)
			if seen[strings.ToLower(name)] {
				return fmt.Errorf("expected the name %q once in an object", cut(name))
			}
			seen[strings.ToLower(name)] = true
			names[name] = true
		}
		if err := refuseDuplicates(tokens, names); err != nil {
			return err
		}
	}
	_, err = tokens.Token() // the closing one
	return err
}

// encode is indented and ends with a newline, for people and for diffs. It is
// plain ASCII: a letter that looks like another, or that turns the line around, is
// written as its number.
func encode(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	var plain bytes.Buffer
	for _, r := range text.String() {
		switch {
		case r <= '~':
			plain.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&plain, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&plain, `\u%04x\u%04x`, high, low)
		}
	}
	return plain.Bytes(), nil
}
