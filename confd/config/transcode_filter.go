package config

import "strconv"

// predicate reads a filter rule's predicate: what it looks at, and an expression.
func (t *transcoder) predicate() bool { return t.tuple(predicateShape) }

var predicateShape = tupleOf("not a predicate and an expression",
	wordOf("predicate", "jobid", "opcode", "reason"), special((*transcoder).expression))

// filterOperators gives, by operator, the number of operands; -1 is any number of expressions.
var filterOperators = map[string]int{
	"&": -1, "|": -1, "!": 1, "?": 1,
	"==": 2, "=": 2, "!=": 2, "<": 2, ">": 2, "<=": 2, ">=": 2, "=~": 2, "=[]": 2,
}

// expression reads an expression of the query language: null, or a list of an operator and its operands. Two operators are
// written by others: "=" as "==", "!=" as the negation of "==".
func (t *transcoder) expression() bool {
	if t.in[t.pos] == 'n' {
		return t.free()
	}
	if !t.open('[', "not a filter expression") {
		return false
	}
	start := t.at()
	operator, ok := t.operator()
	if !ok {
		return false
	}
	operands, known := filterOperators[operator]
	if !known {
		return t.wrong("no filter operator: " + strconv.Quote(operator))
	}
	count := 0
	for {
		more, ok := t.another(']')
		if !ok {
			return false
		}
		if !more {
			break
		}
		t.out = append(t.out, ',')
		if count++; !t.operand(operator, count) {
			return t.within(strconv.Itoa(count))
		}
	}
	if operands >= 0 && count != operands {
		return t.wrong("a filter operator with " + strconv.Itoa(count) + " operands: " + strconv.Quote(operator))
	}
	t.enclose(start, '[', ']')
	if operator == "!=" {
		t.out = append(t.out, ']')
	}
	return true
}

// operator reads an operator and appends it as it is written.
func (t *transcoder) operator() (string, bool) {
	if t.in[t.pos] == ']' {
		return "", t.wrong("a filter expression without operator")
	}
	t.out = append(t.out, ',')
	from := len(t.out)
	body, ok := t.unescaped()
	if !ok {
		return "", t.within("0")
	}
	operator := string(body)
	switch operator {
	case "=":
		t.out = append(t.out[:from], `"=="`...)
	case "!=":
		t.out = append(t.out[:from], `"!",["=="`...)
	}
	return operator, true
}

// operand reads the nth operand: an expression, a field's name, or a value to compare with.
func (t *transcoder) operand(operator string, n int) bool {
	switch {
	case operator == "&" || operator == "|" || operator == "!":
		return t.expression()
	case n == 1 || operator == "=~" || t.in[t.pos] == '"':
		return t.text()
	}
	from := t.pos
	number, ok := t.number("neither a string nor a number")
	if !ok {
		return false
	}
	d := t.decimal(number)
	if !d.whole() {
		t.pos = from
		return t.wrong("not a whole number")
	}
	t.out = d.appendRounded(t.out)
	return true
}

// action reads what a filter rule does: a word, or a list of RATE_LIMIT and a positive number.
func (t *transcoder) action() bool {
	if t.in[t.pos] == '"' {
		return t.word(actionWords)
	}
	return t.tuple(rateLimit)
}

var (
	actionWords = wordOf("filter action", "ACCEPT", "PAUSE", "REJECT", "CONTINUE")
	rateLimit   = tupleOf("not a filter action", wordOf("filter action", "RATE_LIMIT"), special((*transcoder).positive))
)

// positive reads a whole number above zero.
func (t *transcoder) positive() bool {
	from := len(t.out)
	if !t.operand("", 2) {
		return false
	}
	if c := t.out[from]; c == '-' || c == '0' || c == '"' {
		return t.wrong("not a positive number")
	}
	t.out = appendWrapped(t.out[:from], string(t.out[from:]))
	return true
}
