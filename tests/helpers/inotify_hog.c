/*
 * inotify_hog: take all inotify instances that this user may have, say so on
 * stdout, and keep them until told to end.
 */
#include <sys/inotify.h>

#include <stdio.h>
#include <unistd.h>

int
main(void)
{
	int count = 0;

	while (inotify_init1(IN_CLOEXEC) != -1)
		count++;
	printf("full: %d\n", count);
	fflush(stdout);
	for (;;)
		pause();
}
