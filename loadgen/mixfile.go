package loadgen

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"gantry/confd/wire"
)

// ReadMix reads a mix of queries, a share on each line:
//
//	WEIGHT TYPE[=STATUS] [ARGUMENT]
//
// WEIGHT is how often the share is drawn beside the others, TYPE a request's name
// (node_role or node-role), STATUS what the answer must state (ok). ARGUMENT is a
// text, a JSON object with some of ip, link, ips and fields, or * for all names of
// the config that fit the type, each as likely as the others. Empty lines and lines
// that begin with # are skipped. name is the file's, for errors.
func ReadMix(r io.Reader, name string, names Names) (mix []Share, err error) {
	err = eachLine(r, name, func(line string) error {
		share, err := parseShare(line, names)
		mix = append(mix, share)
		return err
	})
	if err == nil && len(mix) == 0 {
		err = fmt.Errorf("%s: no queries in it", name)
	}
	return mix, err
}

// MaxWeight bounds a share's weight, so that their sum is one.
const MaxWeight = 1_000_000

func parseShare(line string, names Names) (Share, error) {
	weight, rest := cutField(line)
	kind, argument := cutField(rest)
	n, err := strconv.Atoi(weight)
	if err != nil || n < 1 || n > MaxWeight {
		return Share{}, fmt.Errorf("weight %q is not a number from 1 to %d", weight, MaxWeight)
	}
	kind, status, _ := strings.Cut(kind, "=")
	t, err := ParseType(kind)
	if err != nil {
		return Share{}, err
	}
	want, err := parseStatus(status)
	if err != nil {
		return Share{}, err
	}
	queries, err := parseArgument(t, argument, names)
	if err != nil {
		return Share{}, err
	}
	for i := range queries {
		queries[i].Want = want
	}
	return Share{Weight: n, Queries: queries}, nil
}

// cutField splits a line after its first word.
func cutField(line string) (field, rest string) {
	if i := strings.IndexAny(line, " \t"); i >= 0 {
		return line[:i], strings.TrimSpace(line[i:])
	}
	return line, ""
}

// ParseType reads the name of a type of request, as metrics have it, or with dashes.
func ParseType(name string) (wire.Type, error) {
	var known []string
	for t := range wire.Type(wire.NumTypes) {
		if strings.ReplaceAll(name, "-", "_") == t.String() {
			return t, nil
		}
		known = append(known, t.String())
	}
	return 0, fmt.Errorf("type %q is not one of %s", name, strings.Join(known, ", "))
}

func parseStatus(name string) (wire.Status, error) {
	if name == "" {
		return wire.StatusOK, nil
	}
	for s := range wire.Status(wire.NumStatuses) {
		if name == s.String() {
			return s, nil
		}
	}
	return 0, fmt.Errorf("status %q is not one of %s, %s", name, wire.StatusOK, wire.StatusError)
}

func parseArgument(t wire.Type, text string, names Names) ([]Query, error) {
	switch {
	case text == "":
		return []Query{{Type: t}}, nil
	case text == "*":
		return everyName(t, names)
	case text[0] == '{':
		q, err := parseDict(text)
		return []Query{{Type: t, Query: q}}, err
	}
	return []Query{{Type: t, Query: wire.Query{Kind: wire.QueryPlain, Plain: text}}}, nil
}

// everyName returns a query for each name of the config that fits the type.
func everyName(t wire.Type, names Names) (queries []Query, err error) {
	switch t {
	case wire.ReqNodePipByInstIP:
		queries = names.instanceQueries()
	case wire.ReqNodeRole, wire.ReqNodeDRBD, wire.ReqNodeInstances:
		queries = names.nodeQueries()
		for i := range queries {
			queries[i].Type = t
		}
	default:
		return nil, fmt.Errorf("%s has no names of a config to stand for *", t)
	}
	if len(queries) == 0 {
		return nil, fmt.Errorf("the config has no name that %s asks for", t)
	}
	return queries, nil
}

// parseDict reads a query's object.
func parseDict(text string) (wire.Query, error) {
	var dict struct {
		IP     *string   `json:"ip"`
		Link   *string   `json:"link"`
		IPs    *[]string `json:"ips"`
		Fields *[]uint16 `json:"fields"` // not bytes, which would be base64
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&dict); err != nil {
		return wire.Query{}, fmt.Errorf("not an object of ip, link, ips and fields: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return wire.Query{}, errors.New("something follows the object")
	}
	q := wire.Query{Kind: wire.QueryDict}
	if dict.IP != nil {
		q.HasIP, q.IP = true, *dict.IP
	}
	if dict.Link != nil {
		q.HasLink, q.Link = true, *dict.Link
	}
	if dict.IPs != nil {
		q.HasIPs, q.IPs = true, *dict.IPs
	}
	if dict.Fields != nil {
		q.HasFields = true
		for _, f := range *dict.Fields {
			if f > 9 { // a digit each, as all that there are
				return wire.Query{}, fmt.Errorf("field %d is not within 0 and 9", f)
			}
			q.Fields = append(q.Fields, uint8(f))
		}
	}
	return q, nil
}
