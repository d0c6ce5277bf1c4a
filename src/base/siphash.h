/*
 * SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012,
 * with one round for each word and three at the end): without the key nobody
 * can tell which inputs share a hash, or some bits of it (pure).
 *
 * Hashes that are part of what we promise do not come from here: see
 * base/hash.h.
 */
#ifndef SPOOLCAST_BASE_SIPHASH_H
#define SPOOLCAST_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* The 16 bytes of a key, as two little-endian numbers. */
struct siphash_key {
	uint64_t k0;
	uint64_t k1;
};

/**
 * siphash_13(key, bytes, len):
 * Return the SipHash-1-3 under ${key} of the ${len} bytes at ${bytes}, which
 * may be NULL if ${len} is 0.
 */
uint64_t siphash_13(
    const struct siphash_key *key, const void *bytes, size_t len);

#endif
