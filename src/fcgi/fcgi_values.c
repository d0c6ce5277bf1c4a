#include <fastcgi.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fcgi/fcgi_encode.h"
#include "fcgi/fcgi_params.h"
#include "fcgi/fcgi_values.h"

static const char *const names[] = { FCGI_MAX_CONNS, FCGI_MAX_REQS,
	FCGI_MPXS_CONNS };

#define N_NAMES (sizeof(names) / sizeof(names[0]))
#define NUMBER_MAX sizeof("4294967295")

/* Each pair has two lengths, a name and a number. */
_Static_assert(FCGI_ENCODE_HEADER_LEN + N_NAMES * 2 + sizeof(FCGI_MAX_CONNS) +
	    sizeof(FCGI_MAX_REQS) + sizeof(FCGI_MPXS_CONNS) +
	    N_NAMES * NUMBER_MAX <=
	FCGI_VALUES_ANSWER_MAX,
    "the longest answer fits");

static bool
is_named(const struct fcgi_param *param, const char *name)
{
	return param->name_len == strlen(name) &&
	    memcmp(param->name, name, param->name_len) == 0;
}

/* Put a short pair after the ${len} bytes at ${out}; return the new length. */
static size_t
put_pair(uint8_t *out, size_t len, const char *name, const char *value)
{
	size_t name_len = strlen(name);
	size_t value_len = strlen(value);

	out[len] = (uint8_t)name_len;
	out[len + 1] = (uint8_t)value_len;
	memcpy(out + len + 2, name, name_len);
	memcpy(out + len + 2 + name_len, value, value_len);
	return len + 2 + name_len + value_len;
}

size_t
fcgi_values_answer(uint8_t out[FCGI_VALUES_ANSWER_MAX], const uint8_t *asked,
    size_t len, uint32_t max_requests)
{
	bool is_asked[N_NAMES] = { false };
	char max[NUMBER_MAX];
	const char *const values[N_NAMES] = { max, max, "0" };
	size_t out_len = FCGI_ENCODE_HEADER_LEN;
	struct fcgi_param param;
	size_t at = 0;
	int rc;

	while ((rc = fcgi_params_next(asked, len, &at, &param)) == 1)
		for (size_t i = 0; i < N_NAMES; i++)
			if (is_named(&param, names[i]))
				is_asked[i] = true;
	if (rc != 0)
		return 0;
	(void)snprintf(max, sizeof(max), "%lu", (unsigned long)max_requests);
	for (size_t i = 0; i < N_NAMES; i++)
		if (is_asked[i])
			out_len = put_pair(out, out_len, names[i], values[i]);
	fcgi_encode_header(out, FCGI_GET_VALUES_RESULT, FCGI_NULL_REQUEST_ID,
	    out_len - FCGI_ENCODE_HEADER_LEN);
	return out_len;
}

size_t
fcgi_values_unknown(uint8_t out[FCGI_VALUES_ANSWER_MAX], uint8_t type)
{
	FCGI_UnknownTypeBody body = { .type = type };

	fcgi_encode_header(
	    out, FCGI_UNKNOWN_TYPE, FCGI_NULL_REQUEST_ID, sizeof(body));
	memcpy(out + FCGI_ENCODE_HEADER_LEN, &body, sizeof(body));
	return FCGI_ENCODE_HEADER_LEN + sizeof(body);
}
