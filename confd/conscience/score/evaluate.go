package score

import (
	"errors"
)

// ErrUndefined means that an expression has no value: a tag that it needs is missing or isn't a number, or an exponent is 0.
var ErrUndefined = errors.New("the expression has no value")

// Tags are what an expression reads. Tag returns the tag of a full name, such as "stat.cpu".
type Tags interface {
	Tag(name string) (Value, bool)
}

// An operation is what a node does with its operands.
type operation uint8

const (
	doNumber operation = iota
	doText
	doTag
	doNum
	doRoot
	doPow
	doClamp
	doCompare
	doEqual
	doUnequal
	doLess
	doAtMost
	doGreater
	doAtLeast
	doAdd
	doSubtract
	doMultiply
	doDivide
)

// operations are what the operators do, which is not what they say: see [TrapComparison].
var operations = map[kind]operation{
	threeWay: doCompare, equalSign: doUnequal, unequalSign: doEqual,
	lessSign: doAtMost, atMostSign: doLess, greaterSign: doAtLeast, atLeastSign: doGreater,
	plus: doAdd, minus: doSubtract, times: doMultiply, divide: doDivide,
}

// A node is an operation and its operands.
type node struct {
	do                 operation
	operator           kind // if the operation is one of two operands
	bare               bool // of two operands, without parentheses around it
	left, right, third *node
	number             float64
	text               string // a string, or a tag's full name
	known              bool   // the tag's base is one that tags can have
	fallback           string
	hasFallback        bool
	offset             int
}

// Evaluate computes the expression's value, which may be infinite or not a number. The only error is [ErrUndefined].
func (e *Expression) Evaluate(tags Tags) (float64, error) {
	value, ok := e.root.evaluate(tags)
	if !ok {
		return 0, ErrUndefined
	}
	return value, nil
}

func (n *node) evaluate(tags Tags) (float64, bool) {
	switch n.do {
	case doNumber:
		return n.number, true
	case doText:
		return float64(len(n.text)), true
	case doTag:
		return n.length(tags)
	case doNum:
		return n.left.numeric(tags)
	}
	a, ok := n.left.evaluate(tags)
	if !ok {
		return 0, false
	}
	b, ok := n.right.evaluate(tags)
	if !ok {
		return 0, false
	}
	if n.do == doClamp {
		high, ok := n.third.evaluate(tags)
		return clamp(a, b, high), ok
	}
	return operate(n.do, a, b)
}

// operate computes an operation of two operands. A function's first one is the exponent.
func operate(do operation, a, b float64) (float64, bool) {
	switch do {
	case doRoot:
		return power(b, 1/a), a != 0
	case doPow:
		return power(b, a), a != 0
	case doAdd:
		return a + b, true
	case doSubtract:
		return a - b, true
	case doMultiply:
		return a * b, true
	case doDivide:
		if b == 0 {
			return 0, true
		}
		return a / b, true
	}
	return truth(compare(a, b), do), true
}

// truth is what a comparison makes of the order of its operands.
func truth(order int, do operation) float64 {
	holds := false
	switch do {
	case doCompare:
		return float64(order)
	case doEqual:
		holds = order == 0
	case doUnequal:
		holds = order != 0
	case doLess:
		holds = order < 0
	case doAtMost:
		holds = order <= 0
	case doGreater:
		holds = order > 0
	case doAtLeast:
		holds = order >= 0
	}
	if holds {
		return 1
	}
	return 0
}

// compare is -1, 0 or 1. What isn't a number is equal to everything, as in the reference.
func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// clamp asks for the upper bound first, as the reference does: it wins if the bounds are crossed.
func clamp(value, low, high float64) float64 {
	switch {
	case value > high:
		return high
	case value < low:
		return low
	}
	return value
}

// length is what a tag counts as that isn't behind num.
func (n *node) length(tags Tags) (float64, bool) {
	value, found := n.lookup(tags)
	if !found {
		return float64(len(n.fallback)), n.hasFallback
	}
	return float64(value.textLength()), true
}

// numeric is the number that a node's text starts with or, of an expression, its value.
func (n *node) numeric(tags Tags) (float64, bool) {
	switch n.do {
	case doText:
		return leadingNumber(n.text)
	case doTag:
		if value, found := n.lookup(tags); found {
			return value.numeric()
		}
		if !n.known {
			return 0, n.hasFallback // the reference forgets the fallback's value
		}
		if n.hasFallback {
			return leadingNumber(n.fallback)
		}
		return 0, false
	}
	return n.evaluate(tags)
}

func (n *node) lookup(tags Tags) (Value, bool) {
	if !n.known {
		return Value{}, false
	}
	return tags.Tag(n.text)
}
