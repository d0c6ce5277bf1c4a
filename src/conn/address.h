/*
 * HOST:PORT as something to bind to.  Numbers are read here; names need the
 * resolver of the system, which a program that is one file
 * (SPOOLCAST_NO_RESOLVER) has not.
 */
#ifndef SPOOLCAST_CONN_ADDRESS_H
#define SPOOLCAST_CONN_ADDRESS_H

#include <sys/socket.h>

struct address {
	struct sockaddr_storage sockaddr;
	socklen_t len;
};

/**
 * address_read(text, out):
 * Read "127.0.0.1:9000", "[::1]:9000", ":9000" (any address of this host, IPv4)
 * or a name of this host, "localhost:9000", into ${out}.  Return NULL, or what
 * is wrong with ${text}, which is borrowed for ever.
 */
const char *address_read(const char *text, struct address *out);

#endif
