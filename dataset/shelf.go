package dataset

// shelf keeps memory for later batches, as much as its channel has room for.
type shelf[T any] chan []T

// take gives n values, whatever they hold.
func (s shelf[T]) take(n int) []T {
	select {
	case kept := <-s:
		return kept
	default:
		return make([]T, n)
	}
}

// put gives values back, all of a length. No shelf (nil) keeps nothing.
func (s shelf[T]) put(values []T) {
	select {
	case s <- values:
	default: // enough are kept
	}
}
