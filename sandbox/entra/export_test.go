package entra

import "crypto/rsa"

// WithKeys returns the configuration with another source of signing keys.
func (c Config) WithKeys(newKey func() (*rsa.PrivateKey, error)) Config {
	c.newKey = newKey
	return c
}

// Numbers are the AADSTS numbers that the service has a refusal for.
func Numbers() []int {
	var numbers []int
	for number := range refusals {
		numbers = append(numbers, number)
	}
	return numbers
}
