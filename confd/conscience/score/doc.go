// Package score evaluates the expressions that a service's score is computed by, turns their values into scores, and maps
// locations to the numbers that services are kept apart by.
//
// The language is that of OpenIO's conscience, to the letter: the same text gives the same score, also where the text does
// not say what it seems to say. Comparisons are crossed ("==" compares for inequality, "<" for at most), all binary operators
// bind alike and from the right ("2*3+4" is 14), "num" takes everything to its right, and characters that mean nothing are
// skipped. Each such place is a [Trap]: [Parse] returns the traps of an expression beside its meaning, and refuses an
// expression that has any when it is [Strict]. What is accepted then means the same to every reader and to both programs.
//
// There is no third reading in which "==" is equality: one text would then give other scores here than there. How the same is
// said without traps stands with each kind of trap ([TrapKind.Advice]).
//
// Expressions are immutable; all functions may be called from several goroutines.
package score
