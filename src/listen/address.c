#include <arpa/inet.h>
#include <netinet/in.h>

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "listen/address.h"

#define HOST_MAX 256

static bool
read_v4(const char *host, uint16_t port, struct address *out)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(port) };

	if (inet_pton(AF_INET, host, &in.sin_addr) != 1)
		return false;
	memcpy(&out->sockaddr, &in, sizeof(in));
	out->len = sizeof(in);
	return true;
}

static bool
read_v6(const char *host, uint16_t port, struct address *out)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(port) };

	if (inet_pton(AF_INET6, host, &in6.sin6_addr) != 1)
		return false;
	memcpy(&out->sockaddr, &in6, sizeof(in6));
	out->len = sizeof(in6);
	return true;
}

#ifdef SPOOLCAST_NO_RESOLVER
static const char *
look_up(const char *host, const char *port, struct address *out)
{
	(void)host;
	(void)port;
	(void)out;
	return "this build looks up no names, give a number as 127.0.0.1:9000";
}
#else
static const char *
look_up(const char *host, const char *port, struct address *out)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE };
	struct addrinfo *found;
	int rc =
	    getaddrinfo(host[0] == '\0' ? NULL : host, port, &hints, &found);

	if (rc == EAI_SERVICE)
		return "the port is to be a number up to 65535";
	if (rc != 0)
		return gai_strerror(rc);
	memcpy(&out->sockaddr, found->ai_addr, found->ai_addrlen);
	out->len = found->ai_addrlen;
	freeaddrinfo(found);
	return NULL;
}
#endif

const char *
address_read(const char *text, struct address *out)
{
	char buffer[HOST_MAX], *host = buffer, *port;
	uint64_t number;

	snprintf(buffer, sizeof(buffer), "%s", text);
	if ((port = strrchr(host, ':')) == NULL || port[1] == '\0')
		return "give unix:PATH or HOST:PORT";
	*port++ = '\0';
	if (host[0] == '[' && port - host > 2 && port[-2] == ']') {
		port[-2] = '\0';
		host++;
	}
	if (num_uint(port, strlen(port), &number) != NUM_OK)
		return look_up(host, port, out);
	/* getaddrinfo would take any number and cut it to 16 bits. */
	if (number > UINT16_MAX)
		return "a port is 65535 at most";
	if (read_v4(
		host[0] == '\0' ? "0.0.0.0" : host, (uint16_t)number, out) ||
	    read_v6(host, (uint16_t)number, out))
		return NULL;
	return look_up(host, port, out);
}
