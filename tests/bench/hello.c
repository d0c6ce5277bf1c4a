/*
 * hello: the least that libfcgi asks for, as FastCGI or plain CGI: a header,
 * an event, and wait; with HELLO_ENDS in the environment, do not wait.  What
 * spoolcast is compared with where each viewer is a process.
 */
#include <fcgi_stdio.h>
#include <stdlib.h>
#include <unistd.h>

int
main(void)
{
	while (FCGI_Accept() >= 0) {
		printf("Content-Type: text/event-stream\r\n\r\n"
		       "id: 1\ndata: hello\n\n");
		fflush(stdout);
		if (getenv("HELLO_ENDS") != NULL)
			continue;
		/* libfcgi catches the signal that ends this. */
		pause();
		break;
	}
	return 0;
}
