/*
 * How near a word that somebody typed is to one that there is.
 */
#ifndef SPOOLCAST_BASE_NEAR_H
#define SPOOLCAST_BASE_NEAR_H

#include <stddef.h>

/* A longer word is near to none. */
#define NEAR_MAX 32

/**
 * near_distance(a, b):
 * Return how many bytes must be put in, left out, replaced or swapped with
 * their neighbour to make ${b} of ${a}, no byte more than once (the optimal
 * string alignment distance); or SIZE_MAX if one of them is longer than
 * NEAR_MAX.
 */
size_t near_distance(const char *a, const char *b);

#endif
