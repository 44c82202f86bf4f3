package check

// Code names a kind of finding.
type Code string

// What can be wrong with a row.
const (
	BadRow       Code = "bad_row"
	Missing      Code = "missing"
	NotAFile     Code = "not_a_file"
	Empty        Code = "empty"
	Unreadable   Code = "unreadable"
	NoFrames     Code = "no_frames"
	Damaged      Code = "damaged"
	WrongSpan    Code = "wrong_span"
	BadLabel     Code = "bad_label"
	TooShort     Code = "too_short"
	VariableRate Code = "variable_rate"
	Rotated      Code = "rotated"
	OddSize      Code = "odd_size"
	Tiny         Code = "tiny"
	Narrow       Code = "narrow"
	Still        Code = "still"
	WrongName    Code = "wrong_extension"

	ListedTwice   Code = "listed_twice"
	SameBytes     Code = "same_bytes"
	SamePictures  Code = "same_pictures"
	NearDuplicate Code = "near_duplicate"
)

// What can be wrong with a list.
const (
	ManyBad          Code = "many_bad"
	ManyLabels       Code = "many_labels"
	OneClass         Code = "one_class"
	Imbalance        Code = "imbalance"
	Unlabelled       Code = "unlabelled"
	MixedLabels      Code = "mixed_labels"
	TooManyClasses   Code = "too_many_classes"
	EmptyClasses     Code = "empty_classes"
	UnseenClasses    Code = "unseen_classes"
	UnmeasuredLabels Code = "unmeasured_classes"
	SameNames        Code = "same_names"
)

// Kind tells of a code.
type Kind struct {
	Code  Code
	Level string // error, warning, or when it is which
	About string
}

// Kinds lists all codes in the order of the report: errors before warnings, rows before lists.
func Kinds() []Kind {
	const depends = "warning; error across splits or with another label"
	return []Kind{
		{BadRow, "error", "the row of the list cannot be read"},
		{Missing, "error", "there is no such file"},
		{NotAFile, "error", "a pipe, socket or device, which could be waited for without end"},
		{Empty, "error", "0 bytes"},
		{Unreadable, "error", "not a video, no video stream, cut off, or may not be read"},
		{NoFrames, "error", "a video stream without frames"},
		{Damaged, "error", "opens, but frames are missing or broken; --deep looks at every frame"},
		{WrongSpan, "error", "a folder of frames without the pictures that the list means"},
		{BadLabel, "error", "class number below 0, or not below --classes"},
		{ListedTwice, depends, "the same path as an earlier row"},
		{SameBytes, depends, "the same content as an earlier row's file"},
		{SamePictures, "warning; error across splits", "the same pictures from beginning to end, encoded anew"},
		{NearDuplicate, "warning", "the same pictures cut, covered or changed in part, or mirrored"},
		{TooShort, "warning", "fewer frames than --frames times --stride"},
		{VariableRate, "warning", "frames are not evenly spaced in time"},
		{Rotated, "warning", "stored on its side or upside down"},
		{OddSize, "warning", "width or height is an odd number"},
		{Tiny, "warning", "shorter side below half of --size"},
		{Narrow, "warning", "longer side over three times the shorter"},
		{Still, "warning", "nothing moves in the frames looked at"},
		{WrongName, "warning", "the extension is that of another container"},
		{ManyBad, "error", "more unreadable videos than training accepts (--max-bad-share)"},
		{TooManyClasses, "error", "more classes than --classes"},
		{ManyLabels, "warning", "too many different labels to be classes"},
		{OneClass, "warning", "all videos are of one class"},
		{Imbalance, "warning", "a class has over ten times the videos of another"},
		{Unlabelled, "warning", "some rows have a label, others none"},
		{MixedLabels, "warning", "some labels are numbers, others names"},
		{EmptyClasses, "warning", "class numbers, or classes of --classes, without a video"},
		{UnseenClasses, "warning", "classes that other splits have and train lacks"},
		{UnmeasuredLabels, "warning", "classes that train has and val lacks"},
		{SameNames, "warning", "files in different folders that share a name"},
	}
}
