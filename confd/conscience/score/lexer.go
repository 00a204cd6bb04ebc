package score

import "strconv"

// A token's kind. Operators come in three groups of equal usual precedence.
type kind uint8

const (
	end kind = iota
	number
	text
	identifier
	keywordNum
	keywordRoot
	keywordPow
	keywordClamp
	open
	closing
	dot
	comma
	colon
	threeWay    // <n>
	equalSign   // ==
	unequalSign // !=
	lessSign    // <
	atMostSign  // <=
	greaterSign // >
	atLeastSign // >=
	plus
	minus
	times
	divide
)

var keywords = map[string]kind{"num": keywordNum, "root": keywordRoot, "pow": keywordPow, "clamp": keywordClamp}

// A token is a lexeme and where it starts.
type token struct {
	kind   kind
	offset int
	text   string  // of an identifier, or of a string without its quotes
	number float64 // of a number
}

// lexer cuts an expression into tokens: always the longest possible one.
type lexer struct {
	input string
	at    int
	traps []Trap
}

// next returns the token at l.at, skipping white space silently and whatever else begins no token as a trap.
func (l *lexer) next() token {
	for l.at < len(l.input) {
		start := l.at
		if isBlank(l.input[start]) {
			l.at++
			continue
		}
		if t := l.token(); t.kind != end {
			t.offset = start
			return t
		}
		l.at = start + 1
		l.traps = append(l.traps, Trap{Kind: TrapSkipped, Offset: start})
	}
	return token{kind: end, offset: len(l.input)}
}

// token reads the token that begins at l.at. Its kind is end if none does.
func (l *lexer) token() token {
	if n := numberLength(l.input[l.at:]); n > 0 {
		return l.number(n)
	}
	switch c := l.input[l.at]; {
	case c == '"':
		return l.quoted()
	case isLetter(c):
		return l.word()
	default:
		k, n := sign(l.input[l.at:])
		l.at += n
		return token{kind: k}
	}
}

func (l *lexer) number(n int) token {
	// The only possible error is the range's, with which infinity is returned: what C's atof gives.
	value, _ := strconv.ParseFloat(l.input[l.at:l.at+n], 64)
	l.at += n
	return token{kind: number, number: value}
}

func (l *lexer) quoted() token {
	for i := l.at + 1; i < len(l.input); i++ {
		if l.input[i] == '"' {
			t := token{kind: text, text: l.input[l.at+1 : i]}
			l.at = i + 1
			return t
		}
	}
	return token{kind: end}
}

func (l *lexer) word() token {
	start := l.at
	for l.at < len(l.input) && isWord(l.input[l.at]) {
		l.at++
	}
	word := l.input[start:l.at]
	if k, ok := keywords[word]; ok {
		return token{kind: k}
	}
	for i := start + 1; i < l.at; i++ {
		if l.input[i-1] == '-' && isDigit(l.input[i]) {
			l.traps = append(l.traps, Trap{Kind: TrapMinusInName, Offset: i - 1})
		}
	}
	return token{kind: identifier, text: word}
}

// numberLength is the length of the number that s starts with: an optional minus, digits, and a point that digits must follow.
func numberLength(s string) int {
	i := 0
	if i < len(s) && s[i] == '-' {
		i++
	}
	digits := i
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	whole := i
	if i < len(s) && s[i] == '.' {
		for i++; i < len(s) && isDigit(s[i]); i++ {
		}
		if s[i-1] != '.' {
			return i
		}
	}
	if whole > digits {
		return whole
	}
	return 0
}

// sign returns the operator or punctuation that s starts with, and its length; end and 0 if there is none.
func sign(s string) (kind, int) {
	if len(s) >= 3 && s[0] == '<' && (s[1] == 'n' || s[1] == 'N') && s[2] == '>' {
		return threeWay, 3
	}
	if len(s) >= 2 && s[1] == '=' {
		switch s[0] {
		case '=':
			return equalSign, 2
		case '!':
			return unequalSign, 2
		case '<':
			return atMostSign, 2
		case '>':
			return atLeastSign, 2
		}
	}
	k, ok := signs[s[0]]
	if !ok {
		return end, 0
	}
	return k, 1
}

var signs = map[byte]kind{
	'<': lessSign, '>': greaterSign, '-': minus, '+': plus, '/': divide, '*': times,
	'(': open, ')': closing, '.': dot, ',': comma, ':': colon,
}

func isBlank(c byte) bool  { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' }
func isWord(c byte) bool   { return isLetter(c) || isDigit(c) || c == '-' || c == '_' }
