package components

// Generations shows a rotation to tests.
func Generations(r Rotation) (active int64, live []int64) { return r.active, r.live }

// Ends is when a generation ends.
func Ends(r Rotation, generation int64) string { return r.ends(generation) }
