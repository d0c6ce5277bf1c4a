/* What becomes of a request. */
#include "hub/admit.h"
#include "http/front.h"
#include "hub/checks.h"
#include "hub/reply.h"
#include "hub/subscribe.h"

static bool
asks_for_incremental(const struct admission *a)
{
	switch (viewer_hub(a->viewer)->settings->incremental) {
	case INCREMENTAL_YES:
		return true;
	case INCREMENTAL_NO:
		return false;
	}
	/*
	 * A response that ends by itself does not need the field, for which a
	 * web server may answer 501 (http/front.h).
	 */
	return !flush_get(a->viewer->flush)->closes &&
	    front_heeds_incremental(a->vars->var[VAR_SOFTWARE].text,
		a->vars->var[VAR_SOFTWARE].len);
}

void
admit_request(struct viewer *v, const struct request_vars *vars)
{
	struct admission a = { .viewer = v, .vars = vars };

	if (checks_failed(&a) == NULL) {
		a.is_incremental = asks_for_incremental(&a);
		subscribe(&a);
	} else {
		reply_send(&a);
	}
	admit_free(&a);
}

void
admit_free(struct admission *a)
{
	request_free(&a->request);
	response_free(&a->response);
}
