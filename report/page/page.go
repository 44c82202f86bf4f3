// Package page makes one HTML file of runs and evaluations: curves, confusions, examples, reconstructions, settings, provenance. The file
// needs nothing beside it: styles stand inside, curves are SVG, pictures data URIs, and there is no script.
//
// A run that is damaged or not finished is no reason to show nothing: what is missing or cannot be read is named on the page.
package page

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"time"
)

//go:embed page.html.tmpl
var layout string

//go:embed style.css
var style string

// Page is what the file shows.
type Page struct {
	Title   string
	Program string    // that made it
	Made    time.Time // shown in UTC
	Runs    []*Run    // side by side, in this order; at least one
}

// view is a page as the template reads it.
type view struct {
	Page
	Style    template.CSS
	Overview table
	Charts   []chartGroup
	Settings table
	Origins  table
	Problems []problem
}

// problem is what could not be shown of a run.
type problem struct{ Run, Text string }

// Write writes the page.
func (p Page) Write(w io.Writer) error {
	if len(p.Runs) == 0 {
		return errors.New("report: no run to show")
	}
	named(p.Runs)
	v := view{Page: p, Style: template.CSS(style), Overview: overview(p.Runs), Charts: charts(p.Runs),
		Settings: compare(p.Runs, func(r *Run) []Fact { return r.Settings }), Origins: compare(p.Runs, func(r *Run) []Fact { return r.Origins })}
	for _, r := range p.Runs {
		for _, text := range r.Problems {
			v.Problems = append(v.Problems, problem{r.Name, text})
		}
	}
	t, err := template.New("page").Funcs(template.FuncMap{"utc": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }}).Parse(layout)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	var text bytes.Buffer
	if err := t.Execute(&text, v); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err = w.Write(text.Bytes())
	return err
}

// named gives runs of equal names a number each, and every run its colour.
func named(runs []*Run) {
	times := map[string]int{}
	for _, r := range runs {
		times[r.Name]++
	}
	seen := map[string]int{}
	for i, r := range runs {
		r.Colour = colours[i%len(colours)]
		if name := r.Name; times[name] > 1 {
			seen[name]++
			r.Name = fmt.Sprintf("%s (%d)", name, seen[name])
		}
	}
}
