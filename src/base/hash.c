#include "base/hash.h"

#define FNV_PRIME 0x100000001b3U

uint64_t
hash_bytes(uint64_t seed, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint64_t hash = seed;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * FNV_PRIME;
	return hash;
}

uint64_t
hash_mix(uint64_t value)
{
	value ^= value >> 33;
	value *= 0xff51afd7ed558ccdU;
	value ^= value >> 33;
	value *= 0xc4ceb9fe1a85ec53U;
	value ^= value >> 33;
	return value;
}
