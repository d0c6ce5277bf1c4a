/*
 * page: another program of the site, a page made by FastCGI.
 */
#include <fcgi_stdio.h>

int
main(void)
{
	while (FCGI_Accept() >= 0)
		printf("Content-Type: text/html\r\n\r\n"
		       "<!DOCTYPE html><title>Other</title><p>A page.\n");
	return 0;
}
