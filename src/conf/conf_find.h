/*
 * Which configuration holds: the first of these files that there is.
 *
 *	the FILE of -c				must exist
 *	$SPOOLCAST_CONFIG			must exist
 *	spoolcast.ini beside the program	beside the name it was started
 *						as, then beside its binary
 *	$HOME/.config/spoolcast/spoolcast.ini
 *	/etc/spoolcast/spoolcast.ini
 *
 * No file is needed where $SPOOLCAST_SPOOL is set or a folder "spool" stands
 * beside the program; then all settings have their defaults.  $SPOOLCAST_SPOOL
 * wins over the path in a file.  A variable that is empty is as good as not
 * set.
 *
 * A file that is there and cannot be read is an error, never passed over.  The
 * one exception: a $HOME that the process may not look into counts as having no
 * file, because web servers leave root's $HOME to the programs they start.
 */
#ifndef SPOOLCAST_CONF_CONF_FIND_H
#define SPOOLCAST_CONF_CONF_FIND_H

#include "conf/conf.h"
#include "conf/conf_errors.h"

struct conf_where {
	const char *option_file; /* of -c, or NULL */
	const char *argv0;	 /* the name the program was started as */
};

/**
 * conf_find(where, out, errs):
 * Find and load the configuration for ${where} and the environment into
 * ${*out}, which the caller frees; the path of the spool in it is absolute.
 * Return 0, or -1 with ${*out} = NULL and what is wrong added to ${errs}.
 */
int conf_find(const struct conf_where *where, struct conf **out,
    struct conf_errors *errs);

#endif
