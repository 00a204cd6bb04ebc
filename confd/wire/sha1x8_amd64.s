#include "textflag.h"

// SHA-1 of 8 messages side by side with AVX2: each 32-bit element of a register belongs to another message (a lane).
//
// Registers and memory:
//   W(t)     the message schedule on the stack, a ring: W[t] lives at t mod 16
//   Y0-Y4    a b c d e, whose names move on by one with each round instead of their contents
//   Y5-Y7    temporaries
//   Y8       the round constant
//   Y0-Y11   while transposing: Y0-Y7 the lanes' blocks, Y8-Y11 temporaries
//   Y15      the shuffle that reverses the bytes of each word
//   DI       *[5][16]uint32, the states: row i is the i-th word of all lanes, of which there are 8 here
//   SI       *[16]*byte, where each lane's next block is; BX holds one of them
//   CX       blocks left to do; DX bytes done

DATA reverse8<>+0x00(SB)/8, $0x0405060700010203
DATA reverse8<>+0x08(SB)/8, $0x0c0d0e0f08090a0b
GLOBL reverse8<>(SB), RODATA|NOPTR, $16

#define W(t) (32*((t)&15))(SP)

// The three functions of SHA-1 leave their result in Y6, and may use Y7.
#define CHOOSE(b, c, d) \
	VPXOR d, c, Y6; \
	VPAND b, Y6, Y6; \
	VPXOR d, Y6, Y6

#define PARITY(b, c, d) \
	VPXOR c, b, Y6; \
	VPXOR d, Y6, Y6

#define MAJORITY(b, c, d) \
	VPXOR c, b, Y6; \
	VPAND c, b, Y7; \
	VPAND d, Y6, Y6; \
	VPOR  Y7, Y6, Y6

// MIX makes e the next a, and turns b into the next c. W[t] is in Y5.
#define MIX(a, b, c, d, e, F) \
	VPADDD Y8, e, e; \
	VPADDD Y5, e, e; \
	F(b, c, d); \
	VPADDD Y6, e, e; \
	VPSLLD $5, a, Y6; \
	VPSRLD $27, a, Y7; \
	VPOR   Y7, Y6, Y6; \
	VPSLLD $30, b, Y7; \
	VPSRLD $2, b, b; \
	VPADDD Y6, e, e; \
	VPOR   Y7, b, b

// FIRST is a round whose W[t] is a word of the block.
#define FIRST(t, a, b, c, d, e) \
	VMOVDQU W(t), Y5; \
	MIX(a, b, c, d, e, CHOOSE)

// ROUND replaces W[t-16] with W[t]: the exclusive or of W[t-16], W[t-14], W[t-8] and W[t-3], rotated by one.
#define ROUND(t, a, b, c, d, e, F) \
	VMOVDQU W(t), Y5; \
	VPXOR   W(t+2), Y5, Y5; \
	VPXOR   W(t+8), Y5, Y5; \
	VPXOR   W(t+13), Y5, Y5; \
	VPADDD  Y5, Y5, Y6; \
	VPSRLD  $31, Y5, Y5; \
	VPOR    Y6, Y5, Y5; \
	VMOVDQU Y5, W(t); \
	MIX(a, b, c, d, e, F)

#define FIVE(t, F) \
	ROUND(t, Y0, Y1, Y2, Y3, Y4, F); \
	ROUND(t+1, Y4, Y0, Y1, Y2, Y3, F); \
	ROUND(t+2, Y3, Y4, Y0, Y1, Y2, F); \
	ROUND(t+3, Y2, Y3, Y4, Y0, Y1, F); \
	ROUND(t+4, Y1, Y2, Y3, Y4, Y0, F)

#define TWENTY(t, F) \
	FIVE(t, F); \
	FIVE(t+5, F); \
	FIVE(t+10, F); \
	FIVE(t+15, F)

#define CONSTANT(k) \
	MOVL         $k, AX; \
	VMOVD        AX, X8; \
	VPBROADCASTD X8, Y8

// LOAD reads half a block of lane i, as big-endian words.
#define LOAD(half, i, y) \
	MOVQ    (8*i)(SI), BX; \
	VMOVDQU (32*half)(BX)(DX*1), y; \
	VPSHUFB Y15, y, y

// WORDS transposes, in each 128-bit part of four lanes' half blocks, 4x4 words: w0 has the first word of the four then, w1 the second.
#define WORDS(w0, w1, w2, w3) \
	VPUNPCKLDQ  w1, w0, Y8; \
	VPUNPCKHDQ  w1, w0, Y9; \
	VPUNPCKLDQ  w3, w2, Y10; \
	VPUNPCKHDQ  w3, w2, Y11; \
	VPUNPCKLQDQ Y10, Y8, w0; \
	VPUNPCKHQDQ Y10, Y8, w1; \
	VPUNPCKLQDQ Y11, Y9, w2; \
	VPUNPCKHQDQ Y11, Y9, w3

// PARTS brings the parts of all eight lanes together, which gives W[t] and W[t+4].
#define PARTS(t, low, high) \
	VPERM2I128 $0x20, high, low, Y8; \
	VPERM2I128 $0x31, high, low, Y9; \
	VMOVDQU    Y8, W(t); \
	VMOVDQU    Y9, W(t+4)

#define HALF(half) \
	LOAD(half, 0, Y0); \
	LOAD(half, 1, Y1); \
	LOAD(half, 2, Y2); \
	LOAD(half, 3, Y3); \
	WORDS(Y0, Y1, Y2, Y3); \
	LOAD(half, 4, Y4); \
	LOAD(half, 5, Y5); \
	LOAD(half, 6, Y6); \
	LOAD(half, 7, Y7); \
	WORDS(Y4, Y5, Y6, Y7); \
	PARTS(8*half, Y0, Y4); \
	PARTS(8*half+1, Y1, Y5); \
	PARTS(8*half+2, Y2, Y6); \
	PARTS(8*half+3, Y3, Y7)

#define ADDSTATE(i, y) \
	VPADDD  (64*i)(DI), y, y; \
	VMOVDQU y, (64*i)(DI)

// func sha1x8(states *[5][16]uint32, data *[16]*byte, blocks int)
// Requires AVX2.
TEXT ·sha1x8(SB), NOSPLIT, $512-24
	MOVQ           states+0(FP), DI
	MOVQ           data+8(FP), SI
	MOVQ           blocks+16(FP), CX
	VBROADCASTI128 reverse8<>(SB), Y15
	XORQ           DX, DX

block:
	HALF(0)
	HALF(1)

	VMOVDQU (64*0)(DI), Y0
	VMOVDQU (64*1)(DI), Y1
	VMOVDQU (64*2)(DI), Y2
	VMOVDQU (64*3)(DI), Y3
	VMOVDQU (64*4)(DI), Y4

	CONSTANT(0x5a827999)
	FIRST(0, Y0, Y1, Y2, Y3, Y4)
	FIRST(1, Y4, Y0, Y1, Y2, Y3)
	FIRST(2, Y3, Y4, Y0, Y1, Y2)
	FIRST(3, Y2, Y3, Y4, Y0, Y1)
	FIRST(4, Y1, Y2, Y3, Y4, Y0)
	FIRST(5, Y0, Y1, Y2, Y3, Y4)
	FIRST(6, Y4, Y0, Y1, Y2, Y3)
	FIRST(7, Y3, Y4, Y0, Y1, Y2)
	FIRST(8, Y2, Y3, Y4, Y0, Y1)
	FIRST(9, Y1, Y2, Y3, Y4, Y0)
	FIRST(10, Y0, Y1, Y2, Y3, Y4)
	FIRST(11, Y4, Y0, Y1, Y2, Y3)
	FIRST(12, Y3, Y4, Y0, Y1, Y2)
	FIRST(13, Y2, Y3, Y4, Y0, Y1)
	FIRST(14, Y1, Y2, Y3, Y4, Y0)
	FIRST(15, Y0, Y1, Y2, Y3, Y4)
	ROUND(16, Y4, Y0, Y1, Y2, Y3, CHOOSE)
	ROUND(17, Y3, Y4, Y0, Y1, Y2, CHOOSE)
	ROUND(18, Y2, Y3, Y4, Y0, Y1, CHOOSE)
	ROUND(19, Y1, Y2, Y3, Y4, Y0, CHOOSE)
	CONSTANT(0x6ed9eba1)
	TWENTY(20, PARITY)
	CONSTANT(0x8f1bbcdc)
	TWENTY(40, MAJORITY)
	CONSTANT(0xca62c1d6)
	TWENTY(60, PARITY)

	ADDSTATE(0, Y0)
	ADDSTATE(1, Y1)
	ADDSTATE(2, Y2)
	ADDSTATE(3, Y3)
	ADDSTATE(4, Y4)
	ADDQ $64, DX
	DECQ CX
	JNZ  block
	VZEROUPPER
	RET
