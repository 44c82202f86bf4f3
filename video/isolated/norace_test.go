//go:build !race

package isolated

const raceDetector = false
