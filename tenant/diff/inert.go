package diff

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// This file puts names into a comment. A branch chooses many of them. The rules
// are:
//   - every name is in a code span: GitHub renders no Markdown or HTML there, makes
//     no links and notifies nobody
//   - a name has no backtick and no line break, so it cannot leave its span
//   - what looks like something else is written as its code point: spaces that
//     would vanish, controls and invisible characters, letters of another script
//     than Latin
//   - a long name is cut, and its length is said

// mostRunes is how much of a name is shown.
const mostRunes = 200

// code puts a name into a code span.
func code(name string) string {
	if name == "" {
		return "`(empty)`"
	}
	length, cut := utf8.RuneCountInString(name), name
	if length > mostRunes {
		runes := []rune(name)
		cut = string(runes[:mostRunes-40]) + "…" + string(runes[length-39:])
	}
	var text strings.Builder
	runes := []rune(cut)
	for i, r := range runes {
		switch {
		case r == ' ' && (i == 0 || i == len(runes)-1 || runes[i-1] == ' '), !plain(r):
			fmt.Fprintf(&text, `\u{%04x}`, r)
		default:
			text.WriteRune(r)
		}
	}
	if length > mostRunes {
		return fmt.Sprintf("`%s` (shortened from %d characters)", text.String(), length)
	}
	return "`" + text.String() + "`"
}

// plain reports whether a character shows as itself and as nothing else. Latin
// letters with accents do; the rest of Unicode has doubles of them.
func plain(r rune) bool {
	switch {
	case r == '`' || r == '\\':
		return false
	case r < 0x7f:
		return r >= ' '
	case r == '…':
		return true
	}
	return r <= unicode.MaxLatin1 && unicode.IsGraphic(r) && r != 0xa0 || r <= 0x17f && unicode.IsLetter(r) && r != 'ı' && r != 'ſ'
}

// Code shows a text as Markdown code that cannot be anything else. Other pages of
// the team's commands show names with it too.
func Code(name string) string { return code(name) }
