/*
 * The sockets of fcgi_peer: connect, send, read records.  What goes wrong
 * before a connection is there ends the program.
 */
#ifndef SPOOLCAST_TESTS_HELPERS_FCGI_SOCKET_H
#define SPOOLCAST_TESTS_HELPERS_FCGI_SOCKET_H

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fcgi_peer.h"

_Noreturn static inline void
socket_fail(const char *what)
{
	fprintf(stderr, "fcgi_peer: %s: %s\n", what, strerror(errno));
	exit(1);
}

static inline int
socket_connect_unix(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	errno = ENAMETOOLONG;
	if (strlen(path) >= sizeof(sun.sun_path))
		socket_fail(path);
	strcpy(sun.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) != 0)
		socket_fail(path);
	return fd;
}

static inline int
socket_connect_tcp(const char *address)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	const char *colon = strrchr(address, ':');
	struct addrinfo *found;
	char *host;
	int fd;

	errno = EINVAL;
	if (colon == NULL)
		socket_fail(address);
	host = strndup(address, (size_t)(colon - address));
	if (host == NULL || getaddrinfo(host, colon + 1, &hints, &found) != 0)
		socket_fail(address);
	free(host);
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0)
		socket_fail(address);
	freeaddrinfo(found);
	return fd;
}

static inline int
socket_connect(const char *address)
{
	static const char prefix[] = "unix:";

	if (strncmp(address, prefix, sizeof(prefix) - 1) == 0)
		return socket_connect_unix(address + sizeof(prefix) - 1);
	return socket_connect_tcp(address);
}

/* The other side may close at any time; reading will tell. */
static inline void
socket_send_all(int fd, const struct buf *bytes)
{
	size_t at = 0;
	ssize_t n;

	while (at < bytes->len) {
		n = send(fd, bytes->data + at, bytes->len - at, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		at += (size_t)n;
	}
}

enum answer { ANSWER_RECORD, ANSWER_CLOSED, ANSWER_SILENT };

/* Read until in holds a whole record, and store that record's length. */
static inline enum answer
socket_read_record(int fd, struct buf *in, size_t *len)
{
	uint8_t bytes[65536];
	const uint8_t *r;
	ssize_t n;

	for (;;) {
		r = in->data;
		*len = FCGI_HEADER_LEN;
		if (in->len >= *len)
			*len += (size_t)(r[4] << 8 | r[5]) + r[6];
		if (in->len >= FCGI_HEADER_LEN && in->len >= *len)
			return ANSWER_RECORD;
		n = recv(fd, bytes, sizeof(bytes), 0);
		if (n < 0 && errno == EAGAIN)
			return ANSWER_SILENT;
		if (n <= 0)
			return ANSWER_CLOSED;
		peer_put(in, bytes, (size_t)n);
	}
}

static inline void
socket_receive_time(int fd, struct timeval time)
{
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)) != 0)
		socket_fail("SO_RCVTIMEO");
}

#endif
