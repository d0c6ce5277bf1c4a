/*
 * Hashes of bytes that are part of what we promise: event ids contain them, so
 * they must give the same on every machine and in every later version.
 */
#ifndef SPOOLCAST_BASE_HASH_H
#define SPOOLCAST_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* What to hand hash_bytes as ${seed} where nothing was hashed before. */
#define HASH_START 0xcbf29ce484222325U

/**
 * hash_bytes(seed, bytes, len):
 * Return the 64-bit FNV-1a hash of ${len} bytes, continued from ${seed}.
 */
uint64_t hash_bytes(uint64_t seed, const void *bytes, size_t len);

/**
 * hash_mix(value):
 * Return ${value} with its bits spread, so that any of them may be cut out
 * (the finalizer of MurmurHash3).
 */
uint64_t hash_mix(uint64_t value);

#endif
