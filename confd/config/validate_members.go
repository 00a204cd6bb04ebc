package config

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// unknownMembers warns of the members of an object that its schema doesn't know. The reference's daemons refuse a file with such
// a member.
func (s *subject) unknownMembers(o *Object) {
	eachUnknown(o.Text, &shape{kind: shapeObject, fields: schemas[o.Kind]}, "", func(path string) { s.warn("unknown member %s", path) })
}

// eachUnknown visits the unknown members in a value of a shape.
func eachUnknown(text []byte, s *shape, path string, visit func(path string)) {
	switch s.kind {
	case shapeObject:
		for key, value := range Members(text) {
			name := string(Unquote(nil, key))
			if at, known := s.fields.index[name]; known {
				eachUnknown(value, s.fields.fields[at].shape, path+name+"/", visit)
			} else {
				visit(path + name)
			}
		}
	case shapeList:
		i := 0
		for value := range Elements(text) {
			eachUnknown(value, s.elem, path+strconv.Itoa(i)+"/", visit)
			i++
		}
	case shapeContainer:
		for key, value := range Members(text) {
			eachUnknown(value, s.elem, path+string(Unquote(nil, key))+"/", visit)
		}
	}
}

// The reference's limits for tags.
const (
	maxTags      = 4096 // of an object
	maxTagLength = 128  // characters
)

var tagPattern = regexp.MustCompile(`^[\p{L}\p{N}_.+*/:@-]+$`)

// tags warns of tags that the reference's tools wouldn't add.
func (s *subject) tags(tags []string) {
	if len(tags) > maxTags {
		s.warn("%d tags: the tools add no more than %d", len(tags), maxTags)
	}
	for _, tag := range tags {
		switch {
		case utf8.RuneCountInString(tag) > maxTagLength:
			s.warn("tag %s… is longer than %d characters", strings.ToValidUTF8(tag[:maxTagLength], ""), maxTagLength)
		case !tagPattern.MatchString(tag):
			s.warn("tag %q has a character that tags don't have", tag)
		}
	}
}

// A sizeLimit is one of the sizes of an instance policy.
type sizeLimit struct {
	name          string
	min, max, std *int64
}

func sizeLimits(r MinMaxISpecs, std *ISpec) []sizeLimit {
	if std == nil {
		std = &ISpec{}
	}
	return []sizeLimit{
		{"memory-size", r.Min.MemorySize, r.Max.MemorySize, std.MemorySize},
		{"disk-size", r.Min.DiskSize, r.Max.DiskSize, std.DiskSize},
		{"disk-count", r.Min.DiskCount, r.Max.DiskCount, std.DiskCount},
		{"cpu-count", r.Min.CPUCount, r.Max.CPUCount, std.CPUCount},
		{"nic-count", r.Min.NICCount, r.Max.NICCount, std.NICCount},
		{"spindle-use", r.Min.SpindleUse, r.Max.SpindleUse, std.SpindleUse},
	}
}

// policy checks an instance policy; std, the standard size, must be in one of the ranges unless it is nil.
func (s *subject) policy(p *IPolicy, std *ISpec) {
	if p.MinMax != nil && len(p.MinMax) == 0 {
		s.fail("ipolicy has an empty list of ranges")
	}
	fits := len(p.MinMax) == 0
	for _, r := range p.MinMax {
		fitsHere := true
		for _, l := range sizeLimits(r, std) {
			if l.min == nil || l.max == nil {
				continue
			}
			if *l.min > *l.max {
				s.fail("ipolicy allows %s from %d to %d", l.name, *l.min, *l.max)
			}
			fitsHere = fitsHere && (l.std == nil || *l.min <= *l.std && *l.std <= *l.max)
		}
		fits = fits || fitsHere
	}
	if std != nil && !fits {
		s.fail("ipolicy has a standard size that is in none of its ranges")
	}
	if p.DiskTemplates != nil && len(p.DiskTemplates) == 0 {
		s.fail("ipolicy allows no disk template")
	}
}
