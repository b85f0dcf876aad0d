package verify

import (
	"bytes"
	"strconv"
)

// latestTime is the last second of the year 9999. No token is valid for longer,
// and time.Time cannot overflow with earlier values.
const latestTime = 253402300799

// seconds reads a time: whole seconds since 1970. RFC 7519 section 2 also
// allows fractions; Entra ID writes none, so none are read.
func (s *scanner) seconds() (int64, error) {
	start := s.pos
	if err := s.number(); err != nil {
		return 0, err
	}
	// Unsigned, so that -0 is refused as well.
	value, err := strconv.ParseUint(string(s.data[start:s.pos]), 10, 64)
	if err != nil || value > latestTime {
		return 0, s.errorf("expected whole seconds since 1970, got %s", shown(string(s.data[start:s.pos])))
	}
	return int64(value), nil
}

// texts reads an array of strings.
func (s *scanner) texts() ([]string, error) {
	texts := []string{}
	err := s.array(func() error {
		text, err := s.text()
		texts = append(texts, string(text))
		return err
	})
	return texts, err
}

// skip reads and drops any value, as strictly as one that is used.
func (s *scanner) skip() error {
	switch c := s.space(); {
	case c == '{':
		return s.object(func([]byte) error { return s.skip() })
	case c == '[':
		return s.array(s.skip)
	case c == '"':
		_, err := s.text()
		return err
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	}
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(s.data[s.pos:], []byte(word)) {
			s.pos += len(word)
			return nil
		}
	}
	return s.errorf("expected a value")
}

// number reads a number by the grammar of RFC 8259 section 6. One that a 64-bit
// float cannot hold is refused: the same section warns that parsers differ on it,
// and some refuse the whole document.
func (s *scanner) number() error {
	start := s.pos
	if err := s.numberText(); err != nil {
		return err
	}
	// Only long numbers and exponents can be out of range; they are rare.
	text := s.data[start:s.pos]
	if len(text) <= 20 && bytes.IndexByte(text, 'e') < 0 && bytes.IndexByte(text, 'E') < 0 {
		return nil
	}
	if _, err := strconv.ParseFloat(string(text), 64); err != nil {
		return s.errorf("expected a number that 64 bits can hold, got %s", shown(string(text)))
	}
	return nil
}

func (s *scanner) numberText() error {
	s.optional("-")
	if !s.optional("0") && s.digits() == 0 {
		return s.errorf("expected a number")
	}
	if s.optional(".") && s.digits() == 0 {
		return s.errorf("expected a digit after the decimal point")
	}
	if s.optional("eE") {
		s.optional("+-")
		if s.digits() == 0 {
			return s.errorf("expected a digit in the exponent")
		}
	}
	return nil
}

// optional reads one byte if it is one of set.
func (s *scanner) optional(set string) bool {
	if s.pos < len(s.data) && bytes.IndexByte([]byte(set), s.data[s.pos]) >= 0 {
		s.pos++
		return true
	}
	return false
}

func (s *scanner) digits() int {
	start := s.pos
	for s.pos < len(s.data) && s.data[s.pos] >= '0' && s.data[s.pos] <= '9' {
		s.pos++
	}
	return s.pos - start
}
