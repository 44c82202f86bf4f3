// Profiles of what steps spend their time on.

package simd

import "videomae/engine/simd/plan"

// StartProfile begins to measure every step that the backend runs.
func (b *Backend) StartProfile() {
	b.run.Lock()
	defer b.run.Unlock()
	b.machine.StartProfile()
}

// StopProfile ends that and gives what was measured, the longest first.
func (b *Backend) StopProfile() []plan.Group {
	b.run.Lock()
	defer b.run.Unlock()
	return b.machine.StopProfile()
}
