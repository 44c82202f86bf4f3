package check

// Level is how bad a finding is, and what the worst finding makes of its file.
type Level string

// The levels.
const (
	OK      Level = "ok"
	Warning Level = "warning" // training goes on, but perhaps not as meant
	Error   Level = "error"   // training cannot use it, or what it measures would be wrong
)

var levelRank = map[Level]int{OK: 0, Warning: 1, Error: 2}

// Finding is one thing that is wrong with a file or with the list as a whole.
type Finding struct {
	Code   Code   `json:"code"`
	Level  Level  `json:"level"`
	What   string `json:"what"`   // what is wrong
	Effect string `json:"effect"` // what training does with it
	Remedy string `json:"remedy"` // what to do

	Other *Other `json:"other,omitempty"` // of duplicates
}

// Other is the row that a duplicate repeats. It comes before it in the list.
type Other struct {
	Row      int    `json:"row"`
	Name     string `json:"name"`
	Label    string `json:"label"`
	Split    string `json:"split"`
	Mirrored bool   `json:"mirrored,omitempty"` // one shows the other's pictures with left and right exchanged
}

// Verdict is what is thought of one row of a list.
type Verdict struct {
	Row      int       `json:"row"`            // place in the list, from 1
	Line     int       `json:"line,omitempty"` // of the list's file
	Name     string    `json:"name"`
	Path     string    `json:"path"`
	Label    string    `json:"label"`
	Split    string    `json:"split"`
	First    int       `json:"first,omitempty"` // of a folder of pictures that the list means a part of: the first picture's number
	Count    int       `json:"count,omitempty"` // and how many
	Level    Level     `json:"verdict"`
	Findings []Finding `json:"findings"`
	Facts
}

// add puts a finding to the others.
func (v *Verdict) add(f ...Finding) {
	for _, f := range f {
		v.Findings = append(v.Findings, f)
		if levelRank[f.Level] > levelRank[v.Level] {
			v.Level = f.Level
		}
	}
}
