package wire

import (
	"fmt"
	"strings"
	"testing"

	"gantry/confd/wire/wiretest"
)

// TestCorpus holds both readers to what is recorded of the reference: whether it answers, and how it read the request.
func TestCorpus(t *testing.T) {
	templates, err := wiretest.Load("testdata")
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]bool)
	for _, template := range templates {
		t.Run(template.Name, func(t *testing.T) {
			if names[template.Name] {
				t.Error("a template of this name was already there")
			}
			names[template.Name] = true
			for _, noScanner := range []bool{false, true} {
				checkTemplate(t, &template, noScanner)
			}
		})
	}
}

func checkTemplate(t *testing.T, template *wiretest.Template, noScanner bool) {
	parser := NewParser(1)
	parser.noScanner = noScanner
	datagram := template.Datagram([]byte(vectorKey), vectorTime, vectorSalt)
	r := parser.Parse([][]byte{datagram}, NewKeyring(NewKey([]byte(vectorKey))), vectorTime)[0]

	ours := template.Ours
	if ours == "" {
		ours = DropNone.String()
	}
	if template.Reference != "" && r.Drop.String() != ours {
		t.Errorf("noScanner %v: %s\ngot %s, want %s", noScanner, datagram, r.Drop, ours)
	}
	same := template.Reference == "" || (r.Drop == DropNone) == (template.Reference == wiretest.Answers)
	if r.Drop == DropNone && template.Type != nil && *template.Type != int(r.Type) {
		same = false
	}
	if query := showQuery(&r); r.Drop == DropNone && template.Query != "" && template.Query != query {
		t.Log("we read       ", query)
		t.Log("reference read", template.Query)
		same = false
	}
	if same != (template.Difference == "") {
		t.Errorf("noScanner %v: %s\nsame as the reference: %v; documented difference: %q", noScanner, datagram, same, template.Difference)
	}
}

// showQuery prints a request's query as Haskell's show does.
func showQuery(r *Request) string {
	switch r.Kind {
	case QueryPlain:
		return "PlainQuery " + showString(r.Plain)
	case QueryDict:
		fields := make([]string, len(r.Fields))
		for i, field := range r.Fields {
			fields[i] = []string{FieldName: "ReqFieldName", FieldIP: "ReqFieldIp", FieldMasterNodePip: "ReqFieldMNodePip"}[field]
		}
		ips := make([]string, len(r.IPs))
		for i, ip := range r.IPs {
			ips[i] = showString(ip)
		}
		return fmt.Sprintf("DictQuery (ConfdReqQ {confdReqQIp = %s, confdReqQIpList = [%s], confdReqQLink = %s, confdReqQFields = [%s]})",
			showMaybe(r.HasIP, r.IP), strings.Join(ips, ","), showMaybe(r.HasLink, r.Link), strings.Join(fields, ","))
	}
	return "EmptyQuery"
}

func showMaybe(has bool, text []byte) string {
	if has {
		return "Just " + showString(text)
	}
	return "Nothing"
}

// controlNames are Haskell's names of the characters 0 to 31.
var controlNames = strings.Fields("NUL SOH STX ETX EOT ENQ ACK a b t n v f r SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US")

func showString(text []byte) string {
	var out strings.Builder
	afterCode := false
	for _, c := range string(text) {
		if afterCode && c >= '0' && c <= '9' {
			out.WriteString(`\&`)
		}
		afterCode = c > 0x7f
		switch {
		case c == '"' || c == '\\':
			out.WriteString(`\` + string(c))
		case c < ' ':
			out.WriteString(`\` + controlNames[c])
		case c == 0x7f:
			out.WriteString(`\DEL`)
		case c > 0x7f:
			fmt.Fprintf(&out, `\%d`, c)
		default:
			out.WriteRune(c)
		}
	}
	return `"` + out.String() + `"`
}
