/*
 * Channel names and the patterns that select them (pure).  They stand in URLs,
 * in the spool folder and in section headings, so the alphabet is narrow.
 */
#ifndef SPOOLCAST_BASE_NAME_H
#define SPOOLCAST_BASE_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* Longest channel name, in bytes; a pattern may be as long. */
#define NAME_MAX_LEN 64

/**
 * name_is_valid(name, len):
 * Return whether the ${len} bytes at ${name} are a channel name:
 * [A-Za-z0-9][A-Za-z0-9_-]{0,63}.
 */
bool name_is_valid(const char *name, size_t len);

/**
 * name_is_pattern(text, len):
 * Return whether ${text} is a well-formed pattern: 1 to 64 bytes of the name
 * alphabet, '*', '?' and bracket expressions, at least one of the latter.
 */
bool name_is_pattern(const char *text, size_t len);

/**
 * name_matches(pattern, name):
 * Return whether the channel ${name} is selected by ${pattern} (fnmatch(3)
 * rules) or is the same name.
 */
bool name_matches(const char *pattern, const char *name);

/**
 * name_list_is_valid(text, len):
 * Return whether the ${len} bytes at ${text} are names and patterns, one at
 * least, with one comma between two; blanks and tabs around them do not count.
 */
bool name_list_is_valid(const char *text, size_t len);

/**
 * name_in_list(list, name):
 * Return whether one of the comma-separated names and patterns in ${list}
 * selects the channel ${name}; blanks around them do not count.
 */
bool name_in_list(const char *list, const char *name);

#endif
