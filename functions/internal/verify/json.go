package verify

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// This file reads JSON (RFC 8259) strictly. encoding/json takes the last of two
// values of one name, matches names in any case and replaces invalid UTF-8. Each
// of these lets two parties read the same token differently (RFC 8725 section
// 2.4; RFC 7519 section 4 allows refusing duplicates). The rules are: names match
// exactly and occur once at every level, all text is valid UTF-8, nothing follows
// the value, values have the expected type, and depth and number of members are
// limited.

const (
	maxDepth   = 8
	maxMembers = 128
)

// A scanner reads one JSON text from front to back.
type scanner struct {
	data  []byte
	pos   int
	depth int
}

func (s *scanner) errorf(format string, args ...any) error {
	return fmt.Errorf("at byte %d: "+format, append([]any{s.pos}, args...)...)
}

// document reads the whole text as one object.
func (s *scanner) document(member func(name []byte) error) error {
	if err := s.object(member); err != nil {
		return err
	}
	s.space()
	if s.pos != len(s.data) {
		return s.errorf("expected the end, got more data")
	}
	return nil
}

// space skips white space and returns the byte that follows; 0 at the end.
func (s *scanner) space() byte {
	for ; s.pos < len(s.data); s.pos++ {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

func (s *scanner) expect(c byte) error {
	if s.space() != c {
		return s.errorf("expected %q", string(c))
	}
	s.pos++
	return nil
}

// object reads an object. It calls member with each name, and member must read
// the value that follows.
func (s *scanner) object(member func(name []byte) error) error {
	if err := s.enter('{'); err != nil {
		return err
	}
	if s.space() == '}' {
		return s.leave()
	}
	var room [32][]byte
	for names := room[:0]; ; {
		s.space()
		name, err := s.text()
		if err != nil {
			return err
		}
		if len(names) == maxMembers {
			return s.errorf("expected at most %d names in one object", maxMembers)
		}
		for _, known := range names {
			if bytes.Equal(known, name) {
				return s.errorf("name %s occurs twice", shown(string(name)))
			}
		}
		names = append(names, name)
		if err := s.expect(':'); err != nil {
			return err
		}
		s.space()
		if err := member(name); err != nil {
			return err
		}
		if done, err := s.next('}'); done || err != nil {
			return err
		}
	}
}

// array reads an array. It calls element once for each, and element must read it.
func (s *scanner) array(element func() error) error {
	if err := s.enter('['); err != nil {
		return err
	}
	if s.space() == ']' {
		return s.leave()
	}
	for {
		s.space()
		if err := element(); err != nil {
			return err
		}
		if done, err := s.next(']'); done || err != nil {
			return err
		}
	}
}

func (s *scanner) enter(open byte) error {
	if err := s.expect(open); err != nil {
		return err
	}
	if s.depth++; s.depth > maxDepth {
		return s.errorf("expected at most %d levels", maxDepth)
	}
	return nil
}

func (s *scanner) leave() error {
	s.pos++
	s.depth--
	return nil
}

// next reads the comma before another element, or the end of the collection.
func (s *scanner) next(end byte) (done bool, err error) {
	switch s.space() {
	case ',':
		s.pos++
		return false, nil
	case end:
		return true, s.leave()
	}
	return false, s.errorf("expected %q or %q", ",", string(end))
}

// text reads a string. The result may share the scanner's data.
func (s *scanner) text() ([]byte, error) {
	if err := s.expect('"'); err != nil {
		return nil, s.errorf("expected a string")
	}
	start := s.pos
	for ; s.pos < len(s.data); s.pos++ {
		switch c := s.data[s.pos]; {
		case c == '"':
			text := s.data[start:s.pos]
			s.pos++
			if !utf8.Valid(text) {
				return nil, s.errorf("expected UTF-8")
			}
			return text, nil
		case c == '\\':
			return s.escaped(bytes.Clone(s.data[start:s.pos]))
		case c < ' ':
			return nil, s.errorf("expected no control character in a string")
		}
	}
	return nil, s.errorf("expected the end of a string")
}

// escaped reads the rest of a string from its first escape on.
func (s *scanner) escaped(text []byte) ([]byte, error) {
	for s.pos < len(s.data) {
		c := s.data[s.pos]
		s.pos++
		switch {
		case c == '"':
			if !utf8.Valid(text) {
				return nil, s.errorf("expected UTF-8")
			}
			return text, nil
		case c < ' ':
			return nil, s.errorf("expected no control character in a string")
		case c != '\\':
			text = append(text, c)
		default:
			r, err := s.escape()
			if err != nil {
				return nil, err
			}
			text = utf8.AppendRune(text, r)
		}
	}
	return nil, s.errorf("expected the end of a string")
}

// escape reads what follows a backslash.
func (s *scanner) escape() (rune, error) {
	if s.pos == len(s.data) {
		return 0, s.errorf("expected an escape")
	}
	c := s.data[s.pos]
	s.pos++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		return s.unicode()
	}
	return 0, s.errorf("expected an escape")
}

// unicode reads the digits of a \u escape. It refuses half a surrogate pair.
func (s *scanner) unicode() (rune, error) {
	high, err := s.hex()
	if err != nil || !utf16.IsSurrogate(high) {
		return high, err
	}
	if !bytes.HasPrefix(s.data[s.pos:], []byte(`\u`)) {
		return 0, s.errorf("expected the second half of a surrogate pair")
	}
	s.pos += 2
	low, err := s.hex()
	if err != nil {
		return 0, err
	}
	r := utf16.DecodeRune(high, low)
	if r == utf8.RuneError {
		return 0, s.errorf("expected a surrogate pair")
	}
	return r, nil
}

func (s *scanner) hex() (rune, error) {
	var unit [2]byte
	if len(s.data)-s.pos < 4 {
		return 0, s.errorf("expected four hexadecimal digits")
	}
	if _, err := hex.Decode(unit[:], s.data[s.pos:s.pos+4]); err != nil {
		return 0, s.errorf("expected four hexadecimal digits")
	}
	s.pos += 4
	return rune(binary.BigEndian.Uint16(unit[:])), nil
}
