/*
 * The only place that asks what time it is.
 */
#ifndef SPOOLCAST_BASE_CLOCK_H
#define SPOOLCAST_BASE_CLOCK_H

#include <stdint.h>

/**
 * clock_mono_ms(void):
 * Return milliseconds of a clock that is never set (CLOCK_MONOTONIC).
 */
int64_t clock_mono_ms(void);

/**
 * clock_mono_us(void):
 * Return microseconds of the same clock.
 */
int64_t clock_mono_us(void);

/**
 * clock_unfold(low, near_ms):
 * Return the time of which ${low} has the low 32 bits and that lies within 24
 * days of ${near_ms}.
 */
int64_t clock_unfold(uint32_t low, int64_t near_ms);

/**
 * clock_wall_s(void):
 * Return seconds since 1970-01-01 00:00 UTC, as the machine believes.
 */
int64_t clock_wall_s(void);

#endif
