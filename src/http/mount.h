/*
 * What may be heard at one address of a web server: the lists of channels that
 * it hands over as SPOOLCAST_CHANNELS, by a FastCGI or CGI variable or in the
 * environment of the process (pure).
 *
 * A list narrows what may be heard, and so does each further one: an
 * administrator who gives two means both.  A client cannot give any, as its
 * headers arrive with names that begin with HTTP_.  If a list cannot be
 * understood, nothing may be heard.
 */
#ifndef SPOOLCAST_HTTP_MOUNT_H
#define SPOOLCAST_HTTP_MOUNT_H

#include <stdbool.h>
#include <stddef.h>

#include "http/text_list.h"

#define MOUNT_VAR "SPOOLCAST_CHANNELS"
/* How many bytes of a list that is not valid are kept for a message. */
#define MOUNT_BAD_MAX 80

/* All zero: everything may be heard. */
struct mount {
	struct text_list lists;	     /* as name_in_list takes them */
	bool is_bad;		     /* one that was given is not valid */
	char bad[MOUNT_BAD_MAX + 1]; /* the first such one, from its start */
};

/**
 * mount_is_var(name, len):
 * Return whether the variable with the ${len} bytes at ${name} is such a list.
 * Apache puts REDIRECT_ in front of the names of an address that was rewritten
 * to another, as often as that was done.
 */
bool mount_is_var(const char *name, size_t len);

/**
 * mount_add(mount, value, len):
 * Narrow ${mount} by the list in the ${len} bytes at ${value}: names and
 * patterns with a comma between two, as [access] channels has them.  Return 0,
 * also where that is not valid and the mount is bad from now on; or -1 with
 * ENOMEM, and the mount is bad, too.
 */
int mount_add(struct mount *mount, const char *value, size_t len);

/**
 * mount_add_env(mount, env):
 * Narrow ${mount} by all such variables in ${env}, which is as environ(7).
 */
void mount_add_env(struct mount *mount, char *const *env);

/**
 * mount_has(lists, name):
 * Return whether each of ${lists} selects the channel ${name}.
 */
bool mount_has(const struct text_list *lists, const char *name);

/**
 * mount_free(mount):
 * Free what ${mount} owns, and leave one that narrows nothing.
 */
void mount_free(struct mount *mount);

#endif
