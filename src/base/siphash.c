#include <endian.h>
#include <string.h>

#include "base/siphash.h"

/* "somepseudorandomlygeneratedbytes", which the paper xors the key into. */
#define START_0 0x736f6d6570736575U
#define START_1 0x646f72616e646f6dU
#define START_2 0x6c7967656e657261U
#define START_3 0x7465646279746573U

struct state {
	uint64_t v0, v1, v2, v3;
};

static uint64_t
rotate(uint64_t word, unsigned bits)
{
	return word << bits | word >> (64 - bits);
}

/*
 * This runs a few times for each hash, and a call would cost as much as its
 * work.
 */
static inline __attribute__((always_inline)) void
stir(struct state *s)
{
	s->v0 += s->v1;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

static void
absorb(struct state *s, uint64_t word)
{
	s->v3 ^= word;
	stir(s);
	s->v0 ^= word;
}

static uint64_t
read_word(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return le64toh(word);
}

/*
 * Return the last bytes, fewer than 8, and in the top byte ${len}, modulo 256.
 */
static uint64_t
read_last(const uint8_t *bytes, size_t len)
{
	uint64_t word = (uint64_t)len << 56;

	for (size_t i = 0; i < len % 8; i++)
		word |= (uint64_t)bytes[i] << 8 * i;
	return word;
}

uint64_t
siphash_13(const struct siphash_key *key, const void *bytes, size_t len)
{
	struct state s = {
		.v0 = key->k0 ^ START_0,
		.v1 = key->k1 ^ START_1,
		.v2 = key->k0 ^ START_2,
		.v3 = key->k1 ^ START_3,
	};
	const uint8_t *at = bytes;
	size_t left = len;

	for (; left >= 8; left -= 8, at += 8)
		absorb(&s, read_word(at));
	absorb(&s, read_last(at, len));
	s.v2 ^= 0xff;
	for (int round = 0; round < 3; round++)
		stir(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
