package orders

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// An Amount is money in cents: an integer, because units times unit cost must be
// exact, and binary fractions are not. In JSON it is a number with two decimals,
// such as 18.75.
type Amount int64

// Times returns the amount for that many units, which must not be negative. It
// panics if the product overflows, above 92 quadrillion.
func (a Amount) Times(units int) Amount {
	if a < 0 {
		return -(-a).Times(units)
	}
	if units < 0 || units > 0 && int64(a) > math.MaxInt64/int64(units) {
		panic("amount out of range")
	}
	return a * Amount(units)
}

// String returns the amount with two decimals, as 18.75.
func (a Amount) String() string {
	sign, cents := "", uint64(a)
	if a < 0 {
		sign, cents = "-", -cents
	}
	return fmt.Sprintf("%s%d.%02d", sign, cents/100, cents%100)
}

// MarshalJSON writes the amount as a number with two decimals.
func (a Amount) MarshalJSON() ([]byte, error) { return []byte(a.String()), nil }

// errAmount does not quote the amount: it may come from an API that sends back
// what it got.
var errAmount = errors.New("expected an amount with at most two decimals, got something else")

// UnmarshalJSON reads a number with at most two decimals, exactly. Anything
// else is an error; it does not round.
func (a *Amount) UnmarshalJSON(text []byte) error {
	digits := text
	negative := bytes.HasPrefix(digits, []byte("-"))
	if negative {
		digits = digits[1:]
	}
	whole, fraction, dotted := bytes.Cut(digits, []byte("."))
	if len(whole) == 0 || len(fraction) > 2 || dotted && len(fraction) == 0 {
		return errAmount
	}
	joined := append(bytes.Clone(whole), fraction...)
	for range 2 - len(fraction) {
		joined = append(joined, '0')
	}
	cents, err := strconv.ParseUint(string(joined), 10, 63)
	if err != nil {
		return errAmount
	}
	*a = Amount(cents)
	if negative {
		*a = -*a
	}
	return nil
}
