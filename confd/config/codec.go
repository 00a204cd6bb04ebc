package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"sync"
)

// Typed is an object at the top of config.data, or the cluster.
type Typed interface {
	Cluster | Node | Group | Instance | Network | Disk | FilterRule
}

// kindFor returns the kind of a typed object.
func kindFor[T Typed]() Kind {
	switch any((*T)(nil)).(type) {
	case *Cluster:
		return KindCluster
	case *Node:
		return KindNode
	case *Group:
		return KindGroup
	case *Instance:
		return KindInstance
	case *Network:
		return KindNetwork
	case *Disk:
		return KindDisk
	default:
		return KindFilter
	}
}

// Encode returns the canonical text of an object. A nil map or slice and an empty uuid count as absent: the reference's default
// is written if there is one, else an empty one, and for the uuid nothing. Errors are those of AppendCanonical.
func Encode[T Typed](v *T) ([]byte, error) {
	return encode(v, "")
}

// encode encodes an object that has a key.
func encode[T Typed](v *T, key string) ([]byte, error) {
	kind := kindFor[T]()
	return AppendCanonical(nil, kind, key, appendStruct(nil, reflect.ValueOf(v).Elem(), schemas[kind]))
}

// Decode reads an object. Errors are those of AppendCanonical.
func Decode[T Typed](object []byte) (*T, error) {
	kind := kindFor[T]()
	text, err := AppendCanonical(nil, kind, "", object)
	if err != nil {
		return nil, err
	}
	v := new(T)
	if err := decodeStruct(text, reflect.ValueOf(v).Elem(), schemas[kind]); err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	return v, nil
}

// The structs of the model have a field for each member, named by its tag, and Extra for unknown members. Some have Absent.
type structPlan struct {
	members       []structMember
	byName        map[string]int // index of the struct's field
	extra, absent int            // indices of those fields, -1 if there is none
}

type structMember struct {
	name  string
	index int
}

var structPlans sync.Map // of reflect.Type to *structPlan

func planOf(t reflect.Type) *structPlan {
	if plan, ok := structPlans.Load(t); ok {
		return plan.(*structPlan)
	}
	plan := &structPlan{byName: map[string]int{}, extra: -1, absent: -1}
	for i := range t.NumField() {
		switch f := t.Field(i); {
		case f.Name == "Extra":
			plan.extra = i
		case f.Name == "Absent":
			plan.absent = i
		default:
			name := f.Tag.Get("json")
			plan.byName[name] = i
			plan.members = append(plan.members, structMember{name, i})
		}
	}
	structPlans.Store(t, plan)
	return plan
}

func (p *structPlan) isAbsent(v reflect.Value, name string) bool {
	return p.absent >= 0 && slices.Contains(v.Field(p.absent).Interface().([]string), name)
}

// appendStruct appends a struct as a JSON object, which isn't canonical yet.
func appendStruct(dst []byte, v reflect.Value, s *schema) []byte {
	plan := planOf(v.Type())
	start := len(dst)
	for _, m := range plan.members {
		rule, value := &s.fields[s.index[m.name]], v.Field(m.index)
		if omitted(value, rule) || plan.isAbsent(v, m.name) {
			continue
		}
		dst = appendReflected(append(dst, rule.prefix...), value, rule.shape)
	}
	if plan.extra >= 0 {
		for _, m := range v.Field(plan.extra).Interface().(Extra) {
			dst = append(AppendQuoted(append(dst, ','), m.Name), ':')
			dst = append(dst, m.Value...)
		}
	}
	if len(dst) == start {
		return append(dst, "{}"...)
	}
	dst[start] = '{'
	return append(dst, '}')
}

// omitted reports whether a value stands for an absent member.
func omitted(v reflect.Value, rule *fieldRule) bool {
	switch v.Kind() {
	case reflect.Pointer:
		return v.IsNil()
	case reflect.Map, reflect.Slice:
		return v.IsNil() && (rule.need == optional || rule.def != "")
	case reflect.String:
		return v.Len() == 0 && rule.need == identity
	}
	return false
}

func appendReflected(dst []byte, v reflect.Value, s *shape) []byte {
	switch special := v.Interface().(type) {
	case json.RawMessage:
		return append(dst, special...)
	case LogicalID:
		return special.append(dst)
	case Reason:
		dst = AppendQuoted(append(dst, '['), special.Source)
		dst = AppendQuoted(append(dst, ','), special.Text)
		return append(strconv.AppendInt(append(dst, ','), special.Nanos, 10), ']')
	}
	switch v.Kind() {
	case reflect.Pointer:
		return appendReflected(dst, v.Elem(), s)
	case reflect.Struct:
		return appendStruct(dst, v, s.fields)
	case reflect.Slice, reflect.Array:
		dst = append(dst, '[')
		for i := range v.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendReflected(dst, v.Index(i), s.elem)
		}
		return append(dst, ']')
	case reflect.Map:
		dst = append(dst, '{')
		for i, key := range v.MapKeys() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(AppendQuoted(dst, key.String()), ':')
			dst = appendReflected(dst, v.MapIndex(key), s.elem)
		}
		return append(dst, '}')
	case reflect.String:
		return AppendQuoted(dst, v.String())
	case reflect.Int64:
		return strconv.AppendInt(dst, v.Int(), 10)
	case reflect.Float64:
		return strconv.AppendFloat(dst, v.Float(), 'g', -1, 64)
	case reflect.Bool:
		return strconv.AppendBool(dst, v.Bool())
	}
	panic("config: the model holds a " + v.Type().String())
}

// decodeStruct reads canonical text into a struct.
func decodeStruct(text []byte, v reflect.Value, s *schema) error {
	plan := planOf(v.Type())
	met := make(map[string]bool, len(plan.members))
	for key, value := range Members(text) {
		name := string(Unquote(nil, key))
		i, known := plan.byName[name]
		if !known {
			extra := v.Field(plan.extra)
			m := Member{name, slices.Clone(value)}
			extra.Set(reflect.Append(extra, reflect.ValueOf(m)))
			continue
		}
		met[name] = true
		if err := decodeReflected(value, v.Field(i), s.fields[s.index[name]].shape); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if plan.absent < 0 || !met["forthcoming"] {
		return nil
	}
	var absent []string
	for _, m := range plan.members {
		if rule := &s.fields[s.index[m.name]]; rule.need == mandatory && !met[m.name] {
			absent = append(absent, m.name)
		}
	}
	v.Field(plan.absent).Set(reflect.ValueOf(absent))
	return nil
}

func decodeReflected(text []byte, v reflect.Value, s *shape) error {
	switch special := v.Addr().Interface().(type) {
	case *json.RawMessage:
		*special = slices.Clone(text)
		return nil
	case *LogicalID:
		return special.decode(text)
	case *Reason:
		return decodeTuple(text, &special.Source, &special.Text, &special.Nanos)
	}
	var err error
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return decodeReflected(text, v.Elem(), s)
	case reflect.Struct:
		return decodeStruct(text, v, s.fields)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		for e := range Elements(text) {
			elem := reflect.New(v.Type().Elem()).Elem()
			if err := decodeReflected(e, elem, s.elem); err != nil {
				return err
			}
			v.Set(reflect.Append(v, elem))
		}
	case reflect.Array:
		return decodeTuple(text, v.Index(0).Addr().Interface(), v.Index(1).Addr().Interface())
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for key, value := range Members(text) {
			elem := reflect.New(v.Type().Elem()).Elem()
			if err := decodeReflected(value, elem, s.elem); err != nil {
				return err
			}
			v.SetMapIndex(reflect.ValueOf(string(Unquote(nil, key))), elem)
		}
	case reflect.String:
		v.SetString(string(Unquote(nil, text)))
	case reflect.Int64:
		n, e := strconv.ParseInt(string(text), 10, 64)
		v.SetInt(n)
		err = e
	case reflect.Float64:
		f, e := strconv.ParseFloat(string(text), 64)
		v.SetFloat(f)
		err = e
	case reflect.Bool:
		v.SetBool(string(text) == "true")
	}
	return err
}

// decodeTuple reads the elements of a list, which are as many and of such types as the targets.
func decodeTuple(text []byte, targets ...any) error {
	i := 0
	for e := range Elements(text) {
		if err := decodeReflected(e, reflect.ValueOf(targets[i]).Elem(), nil); err != nil {
			return err
		}
		i++
	}
	return nil
}

func (id LogicalID) append(dst []byte) []byte {
	dst = append(dst, '[')
	if d := id.DRBD; d != nil {
		dst = AppendQuoted(dst, d.NodeA)
		dst = AppendQuoted(append(dst, ','), d.NodeB)
		for _, n := range []int64{d.Port, d.MinorA, d.MinorB} {
			dst = strconv.AppendInt(append(dst, ','), n, 10)
		}
		dst = AppendQuoted(append(dst, ','), d.Secret)
	} else {
		dst = AppendQuoted(dst, id.Pair[0])
		dst = AppendQuoted(append(dst, ','), id.Pair[1])
	}
	return append(dst, ']')
}

func (id *LogicalID) decode(text []byte) error {
	if !isDRBD(text) {
		return decodeTuple(text, &id.Pair[0], &id.Pair[1])
	}
	d := new(DRBD)
	id.DRBD = d
	return decodeTuple(text, &d.NodeA, &d.NodeB, &d.Port, &d.MinorA, &d.MinorB, &d.Secret)
}
