#include "hub/policy.h"

/*
 * mod_fcgid starts a process for each request that comes while others last, and
 * keeps it for minutes.  The processes of all programs of a host have one
 * limit, and those that rest are in the way of others.
 */
#define FCGID_REST_S 5.0

static const struct policy policies[] = {
	[GATEWAY_NONE] = { .holds_many = true, .lasts = true },
	[GATEWAY_SPAWNER] = { .holds_many = true, .lasts = true },
	[GATEWAY_FCGID] = { .lasts = true, .rests_after_s = FCGID_REST_S },
	[GATEWAY_CGI] = { .holds_many = false },
};

const struct policy *
policy_of(enum gateway gateway)
{
	return &policies[gateway];
}
