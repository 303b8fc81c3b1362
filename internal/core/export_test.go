package core

// SetFewEntries makes Verify's rounds over capacities end later; it returns how to undo it.
func SetFewEntries(n int) func() {
	was := fewEntries
	fewEntries = n
	return func() { fewEntries = was }
}
