#include "textflag.h"

// SHA-1 of 16 messages side by side with AVX-512: each 32-bit element of a register belongs to another message (a lane).
//
// Registers:
//   Z0-Z15   the message schedule, a ring: W[t] lives in register t mod 16
//   Z16-Z20  a b c d e, whose names move on by one with each round instead of their contents
//   Z21-Z24  temporaries; Z21 and Z22 in the rounds, all four while transposing
//   Z25      the round constant
//   Z26      the shuffle that reverses the bytes of each word
//   DI       *[5][16]uint32, the states: row i is the i-th word of all lanes
//   SI       *[16]*byte, where each lane's next block is; BX, R8, R9 hold one of them
//   CX       blocks left to do; DX bytes done

DATA reverse16<>+0x00(SB)/8, $0x0405060700010203
DATA reverse16<>+0x08(SB)/8, $0x0c0d0e0f08090a0b
GLOBL reverse16<>(SB), RODATA|NOPTR, $16

// Truth tables for VPTERNLOGD of the three functions of SHA-1.
#define CHOOSE 0xca   // b ? c : d
#define PARITY 0x96   // b ^ c ^ d
#define MAJORITY 0xe8 // at least two of b, c, d

// ROUND makes e the next a, and turns b into the next c.
#define ROUND(a, b, c, d, e, w, F) \
	VPADDD     Z25, e, e; \
	VPROLD     $5, a, Z21; \
	VMOVDQA32  b, Z22; \
	VPADDD     w, e, e; \
	VPTERNLOGD $F, d, c, Z22; \
	VPROLD     $30, b, b; \
	VPADDD     Z21, e, e; \
	VPADDD     Z22, e, e

// NEXT replaces w, W[t-16], with W[t]: the exclusive or of W[t-16], W[t-14], W[t-8] and W[t-3], rotated by one.
#define NEXT(w, w14, w8, w3) \
	VPTERNLOGD $PARITY, w8, w3, w; \
	VPXORD     w14, w, w; \
	VPROLD     $1, w, w

#define FIVE(F, w0, w1, w2, w3, w4) \
	ROUND(Z16, Z17, Z18, Z19, Z20, w0, F); \
	ROUND(Z20, Z16, Z17, Z18, Z19, w1, F); \
	ROUND(Z19, Z20, Z16, Z17, Z18, w2, F); \
	ROUND(Z18, Z19, Z20, Z16, Z17, w3, F); \
	ROUND(Z17, Z18, Z19, Z20, Z16, w4, F)

#define NEXT16 \
	NEXT(Z0, Z2, Z8, Z13); \
	NEXT(Z1, Z3, Z9, Z14); \
	NEXT(Z2, Z4, Z10, Z15); \
	NEXT(Z3, Z5, Z11, Z0); \
	NEXT(Z4, Z6, Z12, Z1); \
	NEXT(Z5, Z7, Z13, Z2); \
	NEXT(Z6, Z8, Z14, Z3); \
	NEXT(Z7, Z9, Z15, Z4); \
	NEXT(Z8, Z10, Z0, Z5); \
	NEXT(Z9, Z11, Z1, Z6); \
	NEXT(Z10, Z12, Z2, Z7); \
	NEXT(Z11, Z13, Z3, Z8); \
	NEXT(Z12, Z14, Z4, Z9); \
	NEXT(Z13, Z15, Z5, Z10); \
	NEXT(Z14, Z0, Z6, Z11); \
	NEXT(Z15, Z1, Z7, Z12)

#define CONSTANT(k) \
	MOVL         $k, AX; \
	VPBROADCASTD AX, Z25

// LOAD reads the block of lane i, as big-endian words.
#define LOAD(i, z) \
	MOVQ      (8*i)(SI), BX; \
	VMOVDQU32 (BX)(DX*1), z; \
	VPSHUFB   Z26, z, z

// WORDS transposes, in each 128-bit part of four lanes' blocks, 4x4 words: w0 has the first word of the four then, w1 the second.
#define WORDS(w0, w1, w2, w3) \
	VPUNPCKLDQ  w1, w0, Z21; \
	VPUNPCKHDQ  w1, w0, Z22; \
	VPUNPCKLDQ  w3, w2, Z23; \
	VPUNPCKHDQ  w3, w2, Z24; \
	VPUNPCKLQDQ Z23, Z21, w0; \
	VPUNPCKHQDQ Z23, Z21, w1; \
	VPUNPCKLQDQ Z24, Z22, w2; \
	VPUNPCKHQDQ Z24, Z22, w3

// PARTS transposes 4x4 of these parts, which leaves one word of all 16 lanes in each register.
#define PARTS(w0, w4, w8, w12) \
	VSHUFI32X4 $0x88, w4, w0, Z21; \
	VSHUFI32X4 $0xdd, w4, w0, Z22; \
	VSHUFI32X4 $0x88, w12, w8, Z23; \
	VSHUFI32X4 $0xdd, w12, w8, Z24; \
	VSHUFI32X4 $0x88, Z23, Z21, w0; \
	VSHUFI32X4 $0x88, Z24, Z22, w4; \
	VSHUFI32X4 $0xdd, Z23, Z21, w8; \
	VSHUFI32X4 $0xdd, Z24, Z22, w12

#define ADDSTATE(i, z) \
	VPADDD    (64*i)(DI), z, z; \
	VMOVDQU32 z, (64*i)(DI)

// func sha1x16(states *[5][16]uint32, data *[16]*byte, blocks int)
// Requires AVX512F, AVX512BW.
TEXT ·sha1x16(SB), NOSPLIT, $0-24
	MOVQ           states+0(FP), DI
	MOVQ           data+8(FP), SI
	MOVQ           blocks+16(FP), CX
	VBROADCASTI32X4 reverse16<>(SB), Z26
	XORQ           DX, DX

block:
	LOAD(0, Z0)
	LOAD(1, Z1)
	LOAD(2, Z2)
	LOAD(3, Z3)
	WORDS(Z0, Z1, Z2, Z3)
	LOAD(4, Z4)
	LOAD(5, Z5)
	LOAD(6, Z6)
	LOAD(7, Z7)
	WORDS(Z4, Z5, Z6, Z7)
	LOAD(8, Z8)
	LOAD(9, Z9)
	LOAD(10, Z10)
	LOAD(11, Z11)
	WORDS(Z8, Z9, Z10, Z11)
	LOAD(12, Z12)
	LOAD(13, Z13)
	LOAD(14, Z14)
	LOAD(15, Z15)
	WORDS(Z12, Z13, Z14, Z15)
	PARTS(Z0, Z4, Z8, Z12)
	PARTS(Z1, Z5, Z9, Z13)
	PARTS(Z2, Z6, Z10, Z14)
	PARTS(Z3, Z7, Z11, Z15)

	VMOVDQU32 (64*0)(DI), Z16
	VMOVDQU32 (64*1)(DI), Z17
	VMOVDQU32 (64*2)(DI), Z18
	VMOVDQU32 (64*3)(DI), Z19
	VMOVDQU32 (64*4)(DI), Z20

	CONSTANT(0x5a827999)
	FIVE(CHOOSE, Z0, Z1, Z2, Z3, Z4)
	FIVE(CHOOSE, Z5, Z6, Z7, Z8, Z9)
	FIVE(CHOOSE, Z10, Z11, Z12, Z13, Z14)
	ROUND(Z16, Z17, Z18, Z19, Z20, Z15, CHOOSE)
	NEXT16
	ROUND(Z20, Z16, Z17, Z18, Z19, Z0, CHOOSE)
	ROUND(Z19, Z20, Z16, Z17, Z18, Z1, CHOOSE)
	ROUND(Z18, Z19, Z20, Z16, Z17, Z2, CHOOSE)
	ROUND(Z17, Z18, Z19, Z20, Z16, Z3, CHOOSE)
	CONSTANT(0x6ed9eba1)
	FIVE(PARITY, Z4, Z5, Z6, Z7, Z8)
	FIVE(PARITY, Z9, Z10, Z11, Z12, Z13)
	ROUND(Z16, Z17, Z18, Z19, Z20, Z14, PARITY)
	ROUND(Z20, Z16, Z17, Z18, Z19, Z15, PARITY)
	NEXT16
	ROUND(Z19, Z20, Z16, Z17, Z18, Z0, PARITY)
	ROUND(Z18, Z19, Z20, Z16, Z17, Z1, PARITY)
	ROUND(Z17, Z18, Z19, Z20, Z16, Z2, PARITY)
	FIVE(PARITY, Z3, Z4, Z5, Z6, Z7)
	CONSTANT(0x8f1bbcdc)
	FIVE(MAJORITY, Z8, Z9, Z10, Z11, Z12)
	ROUND(Z16, Z17, Z18, Z19, Z20, Z13, MAJORITY)
	ROUND(Z20, Z16, Z17, Z18, Z19, Z14, MAJORITY)
	ROUND(Z19, Z20, Z16, Z17, Z18, Z15, MAJORITY)
	NEXT16
	ROUND(Z18, Z19, Z20, Z16, Z17, Z0, MAJORITY)
	ROUND(Z17, Z18, Z19, Z20, Z16, Z1, MAJORITY)
	FIVE(MAJORITY, Z2, Z3, Z4, Z5, Z6)
	FIVE(MAJORITY, Z7, Z8, Z9, Z10, Z11)
	CONSTANT(0xca62c1d6)
	ROUND(Z16, Z17, Z18, Z19, Z20, Z12, PARITY)
	ROUND(Z20, Z16, Z17, Z18, Z19, Z13, PARITY)
	ROUND(Z19, Z20, Z16, Z17, Z18, Z14, PARITY)
	ROUND(Z18, Z19, Z20, Z16, Z17, Z15, PARITY)
	NEXT16
	ROUND(Z17, Z18, Z19, Z20, Z16, Z0, PARITY)
	FIVE(PARITY, Z1, Z2, Z3, Z4, Z5)
	FIVE(PARITY, Z6, Z7, Z8, Z9, Z10)
	FIVE(PARITY, Z11, Z12, Z13, Z14, Z15)

	ADDSTATE(0, Z16)
	ADDSTATE(1, Z17)
	ADDSTATE(2, Z18)
	ADDSTATE(3, Z19)
	ADDSTATE(4, Z20)
	ADDQ $64, DX
	DECQ CX
	JNZ  block
	VZEROUPPER
	RET
