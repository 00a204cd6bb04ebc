#include "textflag.h"

// In memory order: what reverses the bytes of each word, the 16 digits, the mask of the low halves of bytes.
DATA hexReverse<>+0x00(SB)/8, $0x0405060700010203
DATA hexReverse<>+0x08(SB)/8, $0x0c0d0e0f08090a0b
GLOBL hexReverse<>(SB), RODATA|NOPTR, $16
DATA hexDigit<>+0x00(SB)/8, $0x3736353433323130
DATA hexDigit<>+0x08(SB)/8, $0x6665646362613938
GLOBL hexDigit<>(SB), RODATA|NOPTR, $16
DATA hexLow<>+0x00(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA hexLow<>+0x08(SB)/8, $0x0f0f0f0f0f0f0f0f
GLOBL hexLow<>(SB), RODATA|NOPTR, $16

// SPLIT puts the high and low halves of x's bytes one after the other: those of the first eight bytes in low, those of the others in high.
#define SPLIT(x, low, high) \
	MOVO      x, low; \
	PSRLW     $4, low; \
	PAND      X3, low; \
	PAND      X3, x; \
	MOVO      low, high; \
	PUNPCKLBW x, low; \
	PUNPCKHBW x, high

// func hexMAC(dst *[40]byte, m *mac)
// Requires SSSE3.
TEXT ·hexMAC(SB), NOSPLIT, $0-16
	MOVQ   dst+0(FP), DI
	MOVQ   m+8(FP), SI
	MOVOU  hexReverse<>(SB), X2
	MOVOU  hexLow<>(SB), X3
	MOVOU  hexDigit<>(SB), X4
	MOVOU  (SI), X0
	MOVL   16(SI), X1
	PSHUFB X2, X0
	PSHUFB X2, X1
	SPLIT(X0, X5, X6)
	SPLIT(X1, X7, X8)
	MOVO   X4, X9
	MOVO   X4, X10
	PSHUFB X5, X4            // looks each half up
	PSHUFB X6, X9
	PSHUFB X7, X10
	MOVOU  X4, (DI)
	MOVOU  X9, 16(DI)
	MOVQ   X10, 32(DI)
	RET
