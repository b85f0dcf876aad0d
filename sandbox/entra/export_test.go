package entra

// Numbers are the AADSTS numbers that the service has a refusal for.
func Numbers() []int {
	var numbers []int
	for number := range refusals {
		numbers = append(numbers, number)
	}
	return numbers
}
