// Package wiretest loads the kept datagrams of package wire, for its own tests and for those that replay them to a live server.
//
// The datagrams are kept as templates, because a request is valid for ten minutes only: Template.Datagram signs one for the present.
// testdata/README.md of package wire describes the files.
package wiretest

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Template is one kept datagram.
type Template struct {
	Name string `json:"name"`

	// Msg, Salt and Envelope are texts with placeholders; where a file has none, they are the Default constants.
	Msg      string `json:"msg"`
	Salt     string `json:"salt"`
	Envelope string `json:"envelope"`

	// Sign is "latin1" if the MAC is over the message as the reference misreads it.
	Sign string `json:"sign,omitempty"`

	// Reference is what ganeti-confd 3.0.2 does with it: Answers, Silent, or empty if that wasn't recorded.
	Reference string `json:"reference,omitempty"`

	// Type and Query are how ganeti-confd read the request, where its reply shows that: the type, and the query as Haskell's show prints it.
	Type  *int   `json:"type,omitempty"`
	Query string `json:"query,omitempty"`

	// Ours is the name of the wire.Drop that it meets here, empty if it is answered.
	Ours string `json:"ours,omitempty"`

	// Difference is the anchor of the entry in docs/differences/wire.md if the two differ.
	Difference string `json:"difference,omitempty"`
}

// What a server does with a datagram.
const (
	Answers = "answers"
	Silent  = "silent"
)

// The usual texts.
const (
	DefaultMsg      = `{"protocol": 1, "type": 0, "query": null, "rsalt": "RSALT"}`
	DefaultSalt     = "NOW"
	DefaultEnvelope = `plj0{"msg": <msg>, "salt": <salt>, "hmac": <hmac>}`
)

// Load reads the templates under testdata, the folder of that name in package wire: all of corpus, and the messages of the fuzz corpora.
func Load(testdata string) ([]Template, error) {
	files, err := filepath.Glob(filepath.Join(testdata, "corpus", "*.jsonl"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no corpus under %s", testdata)
	}
	var all []Template
	for _, file := range files {
		templates, err := loadFile(file)
		if err != nil {
			return nil, err
		}
		all = append(all, templates...)
	}
	fuzzed, err := loadFuzzed(filepath.Join(testdata, "fuzz", "FuzzScannerAgainstGeneral"))
	return append(all, fuzzed...), err
}

func loadFile(path string) ([]Template, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var templates []Template
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		t := Template{Msg: DefaultMsg, Salt: DefaultSalt, Envelope: DefaultEnvelope}
		decoder := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&t); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		templates = append(templates, t)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return templates, nil
}

// loadFuzzed reads the first argument of each input that go test keeps for a fuzz target as a message.
func loadFuzzed(folder string) ([]Template, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		return nil, err
	}
	var templates []Template
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		lines := strings.Split(string(text), "\n")
		if len(lines) < 2 {
			return nil, fmt.Errorf("%s: not a fuzz input", path)
		}
		quoted := strings.TrimSuffix(strings.TrimPrefix(lines[1], "[]byte("), ")")
		msg, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if utf8.ValidString(msg) && msg != "" {
			templates = append(templates, Template{Name: "fuzz/" + filepath.Base(path), Msg: msg, Salt: DefaultSalt, Envelope: DefaultEnvelope})
		}
	}
	return templates, nil
}

// Datagram makes the datagram of the template, signed with key, the bytes of a key file, at now, in Unix seconds. rsalt stands where the
// template's message has its RSALT.
func (t *Template) Datagram(key []byte, now int64, rsalt string) []byte {
	msg := strings.ReplaceAll(t.Msg, "RSALT", rsalt)
	salt := expandSalt(t.Salt, now)
	signed := salt + msg
	if t.Sign == "latin1" {
		signed = fromLatin1(signed)
	}
	mac := hmac.New(sha1.New, key)
	mac.Write([]byte(signed))
	digits := hex.EncodeToString(mac.Sum(nil))
	return []byte(strings.NewReplacer(
		"<msg>", quote(msg), "<msg list>", list(msg), "<msg utf8>", quoteUTF8(msg), "<msg escaped>", escapeAll(msg),
		"<salt>", quote(salt), "<salt list>", list(salt), "<salt escaped>", escapeAll(salt),
		"<hmac>", quote(digits), "<hmac list>", list(digits), "<hmac escaped>", escapeAll(digits), "<HMAC>", quote(strings.ToUpper(digits)),
	).Replace(t.Envelope))
}

var nowPattern = regexp.MustCompile(`(0[xXoO])?NOW([+-][0-9]+)?`)

// expandSalt puts the time in, NOW, with an offset in seconds (NOW-290), in hexadecimal (0xNOW) or octal (0oNOW).
func expandSalt(salt string, now int64) string {
	return nowPattern.ReplaceAllStringFunc(salt, func(found string) string {
		parts := nowPattern.FindStringSubmatch(found)
		offset, _ := strconv.ParseInt(parts[2], 10, 64)
		base := 10
		switch parts[1] {
		case "0x", "0X":
			base = 16
		case "0o", "0O":
			base = 8
		}
		return parts[1] + strconv.FormatInt(now+offset, base)
	})
}

// quote writes text as python's json does: ASCII only.
func quote(text string) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			out.WriteString(`\` + string(r))
		case r == '\n':
			out.WriteString(`\n`)
		case r < ' ' || r > '~':
			out.WriteString(escape(r))
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
	return out.String()
}

func quoteUTF8(text string) string {
	out := new(bytes.Buffer)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic(err) // a string always encodes
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// escapeAll writes every character as a \u escape.
func escapeAll(text string) string {
	out := `"`
	for _, r := range text {
		out += escape(r)
	}
	return out + `"`
}

func escape(r rune) string {
	if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
		return escape(high) + escape(low)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// list writes text as a list of its characters.
func list(text string) string {
	var items []string
	for _, r := range text {
		items = append(items, quote(string(r)))
	}
	return "[" + strings.Join(items, ",") + "]"
}

// fromLatin1 takes each byte for a character.
func fromLatin1(text string) string {
	runes := make([]rune, len(text))
	for i := range len(text) {
		runes[i] = rune(text[i])
	}
	return string(runes)
}
