package score

import (
	"fmt"
	"strings"
)

const (
	// MaxText is the length of the longest expression, in bytes. Real ones have a few hundred.
	MaxText = 16 << 10
	// MaxDepth bounds nesting: parentheses, functions, num, and operators, which nest to their right. The recursion of reading and of
	// evaluating is that deep.
	MaxDepth = 500
)

// A Mode is how [Parse] treats traps.
type Mode uint8

const (
	// Letter accepts all that the reference accepts, and reads it as the reference does.
	Letter Mode = iota
	// Strict refuses what has a [Trap]. What it accepts means the same as in Letter.
	Strict
)

// A SyntaxError says where a text stops being an expression.
type SyntaxError struct {
	Offset int // in bytes
	Reason string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("byte %d: %s", e.Offset, e.Reason) }

// An Expression is a parsed text. It is immutable.
type Expression struct {
	text  string
	root  *node
	traps []Trap
}

// Parse reads an expression. Errors are a [*SyntaxError] or, if mode is Strict, a [*TrapError].
func Parse(input string, mode Mode) (*Expression, error) {
	if len(input) > MaxText {
		return nil, &SyntaxError{Offset: MaxText, Reason: fmt.Sprintf("an expression has at most %d bytes", MaxText)}
	}
	source, _, _ := strings.Cut(input, "\x00") // the reference reads C strings
	p := parser{lexer: lexer{input: source}}
	p.advance()
	root, err := p.expression()
	if err != nil {
		return nil, err
	}
	if p.token.kind != end {
		return nil, p.unexpected("an operator or the end")
	}
	p.lengths(root)
	if mode == Strict && len(p.lexer.traps) > 0 {
		return nil, &TrapError{Traps: p.lexer.traps}
	}
	return &Expression{text: input, root: root, traps: p.lexer.traps}, nil
}

// String returns the text that was parsed.
func (e *Expression) String() string { return e.text }

// Traps returns where the expression does not say what it seems to say. The caller must not change them.
func (e *Expression) Traps() []Trap { return e.traps }

// parser reads tokens, one ahead, into nodes.
type parser struct {
	lexer lexer
	token token
	depth int
}

func (p *parser) advance() { p.token = p.lexer.next() }

func (p *parser) trap(kind TrapKind, offset int) {
	p.lexer.traps = append(p.lexer.traps, Trap{Kind: kind, Offset: offset})
}

func (p *parser) unexpected(wanted string) error {
	return &SyntaxError{Offset: p.token.offset, Reason: "expected " + wanted}
}

// expression reads an operand and, if an operator follows, everything to its right as the other one: the reference's grammar has no
// precedence, so that its parser always reads on before it combines.
func (p *parser) expression() (*node, error) {
	if p.depth++; p.depth > MaxDepth {
		return nil, &SyntaxError{Offset: p.token.offset, Reason: fmt.Sprintf("nested more than %d deep", MaxDepth)}
	}
	defer func() { p.depth-- }()
	left, err := p.operand()
	if err != nil || precedence(p.token.kind) == 0 {
		return left, err
	}
	operator := p.token
	if crossed(operator.kind) {
		p.trap(TrapComparison, operator.offset)
	}
	p.advance()
	right, err := p.expression()
	if err != nil {
		return nil, err
	}
	if right.bare && !bindsTighter(right.operator, operator.kind) {
		p.trap(TrapPrecedence, operator.offset)
	}
	return &node{do: operations[operator.kind], operator: operator.kind, left: left, right: right, bare: true, offset: operator.offset}, nil
}

// operand reads what may stand on either side of an operator.
func (p *parser) operand() (*node, error) {
	t := p.token
	switch t.kind {
	case number:
		p.advance()
		return &node{do: doNumber, number: t.number, offset: t.offset}, nil
	case text:
		p.advance()
		return &node{do: doText, text: t.text, offset: t.offset}, nil
	case identifier:
		return p.tag()
	case open:
		p.advance()
		inner, err := p.expression()
		if err != nil {
			return nil, err
		}
		inner.bare = false
		return inner, p.expect(closing, "a closing parenthesis")
	case keywordNum:
		return p.num()
	case keywordRoot:
		return p.function(doRoot, 2)
	case keywordPow:
		return p.function(doPow, 2)
	case keywordClamp:
		return p.function(doClamp, 3)
	}
	return nil, p.unexpected("a number, a string, a tag, a function or an opening parenthesis")
}

func (p *parser) expect(k kind, name string) error {
	if p.token.kind != k {
		return p.unexpected(name)
	}
	p.advance()
	return nil
}

// tag reads base.field with an optional :"fallback".
func (p *parser) tag() (*node, error) {
	base := p.token
	p.advance()
	if err := p.expect(dot, "a point behind the base of a tag"); err != nil {
		return nil, err
	}
	if p.token.kind != identifier {
		return nil, p.unexpected("the name of a tag")
	}
	n := &node{do: doTag, text: base.text + "." + p.token.text, known: base.text == "stat" || base.text == "tag", offset: base.offset}
	if !n.known {
		p.trap(TrapBase, base.offset)
	}
	p.advance()
	if p.token.kind != colon {
		return n, nil
	}
	p.advance()
	if p.token.kind != text {
		return nil, p.unexpected("a string behind the colon")
	}
	n.fallback, n.hasFallback = p.token.text, true
	p.advance()
	return n, nil
}

// num reads "num" and the whole expression to its right.
func (p *parser) num() (*node, error) {
	offset := p.token.offset
	p.advance()
	inner, err := p.expression()
	if err != nil {
		return nil, err
	}
	if inner.bare {
		p.trap(TrapNum, offset)
	}
	return &node{do: doNum, left: inner, offset: offset}, nil
}

// function reads a name and its arguments.
func (p *parser) function(do operation, arguments int) (*node, error) {
	n := &node{do: do, offset: p.token.offset}
	p.advance()
	if err := p.expect(open, "an opening parenthesis"); err != nil {
		return nil, err
	}
	for i, argument := range []**node{&n.left, &n.right, &n.third}[:arguments] {
		if i > 0 {
			if err := p.expect(comma, "a comma"); err != nil {
				return nil, err
			}
		}
		inner, err := p.expression()
		if err != nil {
			return nil, err
		}
		*argument = inner
	}
	return n, p.expect(closing, "a closing parenthesis")
}

// lengths finds the tags and strings that will be taken by their length.
func (p *parser) lengths(n *node) {
	switch {
	case n == nil:
		return
	case n.do == doTag || n.do == doText:
		p.trap(TrapLength, n.offset)
		return
	case n.do == doNum && (n.left.do == doTag || n.left.do == doText):
		return
	}
	p.lengths(n.left)
	p.lengths(n.right)
	p.lengths(n.third)
}

// precedence is how tightly an operator binds by usual reading; 0 if it is none.
func precedence(k kind) int {
	switch {
	case k >= threeWay && k <= atLeastSign:
		return 1
	case k == plus || k == minus:
		return 2
	case k == times || k == divide:
		return 3
	}
	return 0
}

func crossed(k kind) bool { return k > threeWay && k <= atLeastSign }

// bindsTighter says whether a outer (b inner c) is what is usually read when the parentheses are missing. Sums are the same
// wherever they begin, and products are.
func bindsTighter(inner, outer kind) bool {
	if precedence(inner) != precedence(outer) {
		return precedence(inner) > precedence(outer)
	}
	return outer == plus || outer == times
}
