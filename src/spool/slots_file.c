#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "spool/own.h"
#include "spool/slots_file.h"

#define FILE_NAME "streams"

int
slots_file_open(const char *spool)
{
	return own_open(spool, FILE_NAME, OWN_WRITERS);
}

bool
slots_file_is_current(int fd, const char *spool)
{
	return own_is_current(fd, spool, FILE_NAME);
}

/*
 * The lock belongs to the open file, not to the process (fcntl(2)): it ends
 * when that descriptor is closed, and closing another one of this file does not
 * end it.
 */
static int
set_lock(int fd, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLK, &lock);
}

int
slots_file_lock(int fd)
{
	long pause_ms = 1, waited_ms = 0;

	while (set_lock(fd, F_WRLCK) != 0) {
		struct timespec pause = { .tv_nsec = pause_ms * 1000000 };

		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return -1;
		/* The process that holds it is stopped, or has a slow disk. */
		if (waited_ms >= SLOTS_FILE_PATIENCE_MS) {
			errno = EAGAIN;
			return -1;
		}
		(void)nanosleep(&pause, NULL);
		waited_ms += pause_ms;
		pause_ms *= 2;
		if (pause_ms > SLOTS_FILE_PATIENCE_MS - waited_ms)
			pause_ms = SLOTS_FILE_PATIENCE_MS - waited_ms;
	}
	return 0;
}

void
slots_file_unlock(int fd)
{
	int saved = errno;

	(void)set_lock(fd, F_UNLCK);
	errno = saved;
}
