#include <errno.h>
#include <unistd.h>

#include "base/fd.h"

void
fd_close(int fd)
{
	int saved = errno;

	if (fd != -1)
		close(fd);
	errno = saved;
}

void
fd_drop(int *fd)
{
	fd_close(*fd);
	*fd = -1;
}
