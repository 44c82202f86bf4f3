package plan

import (
	"slices"
	"time"
)

// cost is the work of a step.
type cost struct{ flops, bytes int }

// Group sums up what steps of one name took.
type Group struct {
	Name         string
	Calls        int
	Time         time.Duration
	FLOPs, Bytes int // of all calls: arithmetic of matrix products and attention, and memory that loops and moves go through
}

// profile gathers the time of steps by name.
type profile struct{ groups map[string]*Group }

// stopwatch measures one step; the zero value measures nothing.
type stopwatch struct {
	group *Group
	step  *step
	begun time.Time
}

func (p *profile) begin(s *step) stopwatch {
	if p == nil {
		return stopwatch{}
	}
	g := p.groups[s.name]
	if g == nil {
		g = &Group{Name: s.name}
		p.groups[s.name] = g
	}
	return stopwatch{g, s, time.Now()}
}

func (w stopwatch) end() {
	if w.group == nil {
		return
	}
	w.group.Time += time.Since(w.begun)
	w.group.Calls++
	w.group.FLOPs += w.step.cost.flops
	w.group.Bytes += w.step.cost.bytes
}

// StartProfile begins to measure all steps that run on the machine.
func (m *Machine) StartProfile() { m.profile = &profile{groups: map[string]*Group{}} }

// StopProfile ends that and gives what was measured, the longest first.
func (m *Machine) StopProfile() []Group {
	if m.profile == nil {
		return nil
	}
	var list []Group
	for _, g := range m.profile.groups {
		list = append(list, *g)
	}
	m.profile = nil
	slices.SortFunc(list, func(a, b Group) int { return int(b.Time - a.Time) })
	return list
}
