package metric

import (
	"fmt"
	"io"
	"strings"
)

// fewValues is how many values of a label a table names; more of them would
// hide the rest.
const fewValues = 6

// WriteTable writes a table of families in Markdown.
func WriteTable(w io.Writer, families []*Family) error {
	var b strings.Builder
	b.WriteString("| metric | type | unit | labels | what |\n| --- | --- | --- | --- | --- |\n")
	for _, f := range families {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", f.Name, f.Kind, f.Unit, labelText(f.Labels), f.Help)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func labelText(labels []Label) string {
	var texts []string
	for _, label := range labels {
		text := "`" + label.Name + "`"
		if n := len(label.Values); 0 < n && n <= fewValues {
			text += " (`" + strings.Join(label.Values, "`, `") + "`)"
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}
