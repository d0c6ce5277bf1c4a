/*
 * This makes an address to bind to from HOST:PORT.  It reads numbers itself;
 * names need the resolver of the system, which a program built as one file
 * (SPOOLCAST_NO_RESOLVER) does not have.
 */
#ifndef SPOOLCAST_LISTEN_ADDRESS_H
#define SPOOLCAST_LISTEN_ADDRESS_H

#include <sys/socket.h>

struct address {
	struct sockaddr_storage sockaddr;
	socklen_t len;
};

/**
 * address_read(text, out):
 * Read "127.0.0.1:9000", "[::1]:9000", ":9000" (any address of this host, IPv4)
 * or a name of this host, "localhost:9000", into ${out}.  Return NULL, or a
 * message that says what is wrong with ${text} and stays valid for ever.
 */
const char *address_read(const char *text, struct address *out);

#endif
