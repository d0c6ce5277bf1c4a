#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "spool/remote.h"
#include "spool/writers.h"

enum writers
writers_find(int fd)
{
	/*
	 * A process that opens the file in this very moment has to wait until
	 * we give the lease back, and we are sent a signal.  By default that is
	 * SIGIO, which would end us, so let it be one that is ignored by
	 * default.
	 */
	if (fcntl(fd, F_SETSIG, SIGURG) != 0)
		return WRITERS_UNKNOWN;
	if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
		(void)fcntl(fd, F_SETLEASE, F_UNLCK);
		return WRITERS_NONE;
	}
	/* Other hosts' file systems refuse it for reasons of their own. */
	return errno == EAGAIN && remote_is(fd) == 0 ? WRITERS_SOME :
						       WRITERS_UNKNOWN;
}
