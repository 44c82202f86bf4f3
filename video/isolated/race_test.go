//go:build race

package isolated

// raceDetector says that the race detector watches: what it notes of each access is memory of this process, too, and grows.
const raceDetector = true
