#include <sys/vfs.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "spool/writers.h"

/*
 * File systems on which a lease is refused whenever the server has not handed
 * the file over to us (f_type in statfs(2)): NFS, SMB, CIFS, SMB2.
 */
static bool
is_remote(int fd)
{
	static const uint32_t types[] = { 0x6969, 0x517b, 0xff534d42,
		0xfe534d42 };
	struct statfs fs;

	if (fstatfs(fd, &fs) != 0)
		return true;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if ((uint32_t)fs.f_type == types[i])
			return true;
	}
	return false;
}

enum writers
writers_find(int fd)
{
	/*
	 * One who opens it in this very moment is made to wait until we give
	 * the lease back, and we are sent a signal: SIGIO, which would end us,
	 * or one that is ignored by default.
	 */
	if (fcntl(fd, F_SETSIG, SIGURG) != 0)
		return WRITERS_UNKNOWN;
	if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
		(void)fcntl(fd, F_SETLEASE, F_UNLCK);
		return WRITERS_NONE;
	}
	return errno == EAGAIN && !is_remote(fd) ? WRITERS_SOME :
						   WRITERS_UNKNOWN;
}
