package score

import "fmt"

// A TrapKind is a way in which an expression does not say what it seems to say.
type TrapKind uint8

const (
	// TrapComparison is one of == != < <= > >=. They mean != == <= < >= >, in this order.
	TrapComparison TrapKind = iota
	// TrapPrecedence is an operator whose right side reaches further than the usual precedence lets it.
	TrapPrecedence
	// TrapNum is a num that takes in the operators to its right.
	TrapNum
	// TrapLength is a tag or a string that isn't behind num: it counts as the length of its text.
	TrapLength
	// TrapBase is a tag of another base than stat and tag: there are none.
	TrapBase
	// TrapMinusInName is a minus between a name and a digit: it belongs to the name.
	TrapMinusInName
	// TrapSkipped is a character that begins no token: it is skipped.
	TrapSkipped

	trapKinds // how many there are
)

var trapTexts = [trapKinds]struct{ what, advice string }{
	TrapComparison: {"comparisons are crossed: == means !=, < means <= and > means >=, and the other way round",
		"compare with a <n> b, which is -1, 0 or 1: clamp((a <n> b),0,1) is a > b, clamp(1 + (a <n> b),0,1) is a >= b, and 1 - pow(2,(a <n> b)) is equality"},
	TrapPrecedence:  {"operators bind from the right, all alike", "put parentheses around the inner operation"},
	TrapNum:         {"num takes everything to its right", "put parentheses around num and its tag: (num stat.cpu)"},
	TrapLength:      {"without num a tag or a string is the length of its text", "write num before it"},
	TrapBase:        {"tags begin with stat. or tag. only", "name a tag that can exist"},
	TrapMinusInName: {"the minus belongs to the name", "put blanks around a minus that subtracts"},
	TrapSkipped:     {"the character means nothing and is skipped", "take it out"},
}

// String says what is read otherwise than it is written.
func (k TrapKind) String() string { return trapTexts[k].what }

// Advice says how to write what was meant, so that it is read as it is written.
func (k TrapKind) Advice() string { return trapTexts[k].advice }

// A Trap is a place in an expression where it does not say what it seems to say.
type Trap struct {
	Kind   TrapKind
	Offset int // in bytes, from the expression's start
}

func (t Trap) String() string {
	return fmt.Sprintf("byte %d: %s; %s", t.Offset, t.Kind, t.Kind.Advice())
}

// A TrapError refuses an expression in [Strict] mode.
type TrapError struct{ Traps []Trap }

// Error tells of the first trap: the others show when it is gone.
func (e *TrapError) Error() string {
	if len(e.Traps) == 1 {
		return e.Traps[0].String()
	}
	return fmt.Sprintf("%s (and %d more)", e.Traps[0], len(e.Traps)-1)
}
