// Package podview renders Pods for `devloop status` and `devloop describe`: as text for people
// and as values for --json. Package ui renders events, this package renders state.
//
//	podview.Status(w, rows, now, false, say)        NAME READY STATUS …
//	podview.Describe(w, inspection, row, now, say)  our explanation first, then details
//
// Output depends on the arguments only, which include the time.
package podview

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cells"
	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/runner/inspect"
)

// none fills an empty cell.
const none = "-"

// Row is a Pod in the table of `devloop status`, and its JSON form.
type Row struct {
	Name       string     `json:"name"`
	Namespace  string     `json:"namespace"`
	Project    string     `json:"project,omitempty"` // empty if devloop did not create the Pod
	Directory  string     `json:"directory,omitempty"`
	Ready      int        `json:"ready"`
	Containers int        `json:"containers"`
	Status     string     `json:"status"`
	Restarts   int        `json:"restarts"`
	Since      time.Time  `json:"since"`
	Image      string     `json:"image"`
	Changes    string     `json:"changes,omitempty"`    // how the running application differs from the image
	Spare      string     `json:"spare,omitempty"`      // the JVM for the next restart
	ImageSince *time.Time `json:"imageSince,omitempty"` // when the image was created
	Addresses  []string   `json:"addresses,omitempty"`  // local, such as http://localhost:8080
	Debugger   bool       `json:"debugger,omitempty"`   // one is attached, through a local address
	Problem    string     `json:"trouble,omitempty"`
}

// RowOf returns the row of a Pod. Pass a zero imageSince and no addresses if they are unknown.
func RowOf(s inspect.PodState, imageSince time.Time, addresses []string) Row {
	row := Row{
		Name: s.Name, Namespace: s.Namespace, Project: s.Project, Directory: s.Directory,
		Ready: s.Ready, Containers: len(s.Containers), Status: s.Status, Restarts: s.Restarts, Since: s.Since.UTC(),
		Image: s.Image, Changes: s.Changes, Spare: s.Spare, Addresses: addresses, Problem: s.Problem,
	}
	if !imageSince.IsZero() {
		row.ImageSince = new(imageSince.UTC())
	}
	return row
}

// width is that of the narrowest terminal in use, gap the space between two columns.
const width, gap = 80, 3

// Status writes the Pods. It has a column for the namespace if there are several. The narrow form has what does
// not fit into columns in lines below each Pod, and fits a terminal of 80 columns; the wide one has a line for each,
// leaves out empty columns and cuts nothing. Headings and messages are translated by say.
func Status(w io.Writer, rows []Row, now time.Time, wide bool, say func(message string) string) error {
	header, texts := []string{"NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE"}, Row.texts
	if wide {
		header, texts = append(header, "WHY NOT", "LOCAL ADDRESS", "IMAGE", "IMAGE AGE", "SPARE JVM", "DEBUGGER"),
			Row.wideTexts
	}
	for i := range header {
		header[i] = say(header[i])
	}
	table := [][]string{header}
	several := false
	for _, r := range rows {
		several = several || r.Namespace != rows[0].Namespace
		table = append(table, texts(r, now, say))
	}
	columns := usedColumns(table, several)
	for i, row := range table {
		table[i] = lists.Map(columns, func(i int) string { return row[i] })
	}
	if !wide {
		fit(table)
	}
	for i, line := range strings.Split(strings.TrimSuffix(cells.Table(table, gap), "\n"), "\n") {
		if i > 0 && !wide {
			line += rows[i-1].below(line, now, say)
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

func usedColumns(table [][]string, namespaces bool) (columns []int) {
	for i := range table[0] {
		used := slices.ContainsFunc(table[1:], func(row []string) bool { return row[i] != none })
		if used && (i > 0 || namespaces) {
			columns = append(columns, i)
		}
	}
	return columns
}

// fit cuts the widest columns of a table until its lines fit.
func fit(table [][]string) {
	widths := make([]int, len(table[0]))
	total := gap * (len(widths) - 1)
	for i := range widths {
		for _, row := range table {
			widths[i] = max(widths[i], cells.Width(row[i]))
		}
		total += widths[i]
	}
	for ; total > width; total-- {
		widths[slices.Index(widths, slices.Max(widths))]--
	}
	for _, row := range table {
		for i := range row {
			row[i] = cells.CutMiddle(row[i], widths[i])
		}
	}
}

func (r Row) texts(now time.Time, _ func(string) string) []string {
	return []string{r.Namespace, r.Name, fmt.Sprintf("%d/%d", r.Ready, r.Containers), r.Status, fmt.Sprint(r.Restarts),
		age(r.Since, now)}
}

func (r Row) wideTexts(now time.Time, say func(string) string) []string {
	line := func(message string) string { return cmp.Or(strings.ReplaceAll(say(message), "\n", " "), none) }
	return append(r.texts(now, say), line(r.Problem), cmp.Or(strings.Join(r.Addresses, " "), none), r.shownImage(),
		imageAge(r.ImageSince, now), line(r.Spare), line(r.debugger()))
}

// below returns the lines below a Pod's, each after a line break: a cut name, why it fails, addresses, its image.
func (r Row) below(line string, now time.Time, say func(message string) string) string {
	image := r.shownImage()
	if r.ImageSince != nil {
		image += ", " + say("made "+age(*r.ImageSince, now)+" ago")
	}
	name := ""
	if !strings.Contains(line, r.Name) {
		name = r.Name
	}
	texts := append([]string{name, say(r.Problem)}, r.Addresses...)
	if r.Spare != "" {
		image += ", " + say("spare JVM "+r.Spare)
	}
	if r.Debugger {
		image += ", " + say("debugger attached")
	}
	var b strings.Builder
	for _, text := range append(texts, image) {
		line := "  "
		for _, word := range strings.Fields(text) {
			word = cells.CutMiddle(word, width-5) // the deeper indentation, and a space
			if cells.Width(line)+1+cells.Width(word) > width && line != "  " {
				b.WriteString("\n" + line)
				line = "    "
			}
			line += " " + word
		}
		if text != "" {
			b.WriteString("\n" + line)
		}
	}
	return b.String()
}

func (r Row) debugger() string {
	if r.Debugger {
		return "attached"
	}
	return ""
}

// shownImage returns the image and the changes since: "shop:devloop-0f3c + 3 classes".
func (r Row) shownImage() string {
	if r.Changes == "" {
		return r.Image
	}
	return r.Image + " + " + r.Changes
}

// age formats a time as kubectl does: 45s, 3m20s, 5h, 12d.
func age(since, now time.Time) string {
	if since.IsZero() {
		return none
	}
	return duration.HumanDuration(max(0, now.Sub(since)))
}

func imageAge(since *time.Time, now time.Time) string {
	if since == nil {
		return none
	}
	return age(*since, now)
}
