package masking

import "testing"

// distance is the squared distance of two cubes along time, and on the map.
func distance(grid Grid, a, b int32) (time, space int) {
	slot := func(i int32) int { return int(i) / grid.Places() }
	row := func(i int32) int { return int(i) % grid.Places() / grid.Cols }
	col := func(i int32) int { return int(i) % grid.Cols }
	dt, dy, dx := slot(a)-slot(b), row(a)-row(b), col(a)-col(b)
	return dt * dt, dy*dy + dx*dx
}

// checkNearest compares a neighbour with every visible cube that it might have been; cost is -1 for those it may not be.
func checkNearest(t *testing.T, what string, visible []int32, from, got int32, cost func(from, to int32) int) {
	t.Helper()
	want := int32(None)
	for _, v := range visible { // in raster order, so that the first of equals stays
		if c := cost(from, v); c >= 0 && (want == None || c < cost(from, want)) {
			want = v
		}
	}
	if got != want {
		t.Errorf("%s of cube %d is %d, want %d", what, from, got, want)
	}
}

func TestNearestVisibleCubes(t *testing.T) {
	grid := Grid{Slots: 4, Rows: 3, Cols: 5}
	for _, kind := range Kinds {
		for i := range uint64(10) {
			m := draw(t, kind, grid, 0.75, i)
			visible, masked := m.Split()
			space, time := m.NearestInSpace(grid), m.NearestInTime(grid)
			if len(space) != len(masked) || len(time) != len(masked) {
				t.Fatalf("%s: %d and %d neighbours for %d masked cubes", kind, len(space), len(time), len(masked))
			}
			for j, from := range masked {
				checkNearest(t, string(kind)+": neighbour in space", visible, from, space[j], func(a, b int32) int {
					dt, dp := distance(grid, a, b)
					if dt > 0 {
						return -1
					}
					return dp
				})
				checkNearest(t, string(kind)+": neighbour in time", visible, from, time[j], func(a, b int32) int {
					dt, dp := distance(grid, a, b)
					if dp > 0 {
						return -1
					}
					return dt
				})
			}
		}
	}
}
