/* What becomes of a request. */
#include "hub/admit.h"
#include "http/front.h"
#include "hub/checks.h"
#include "hub/reply.h"
#include "hub/routes.h"
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

/* A stream of channels, or for HEAD what it would begin with. */
static void
serve_channels(struct admission *a)
{
	if (checks_failed(a) != NULL)
		return;
	a->is_incremental = asks_for_incremental(a);
	subscribe(a);
}

static void
serve_options(struct admission *a)
{
	response_set(&a->response, 204);
}

static void
refuse_method(struct admission *a)
{
	response_refuse(
	    &a->response, 405, "method not allowed: use GET to listen");
}

/*
 * A new page is a row here, above those without one, and a function.  The
 * methods are named in http/response.c, too.
 */
static const struct route routes[] = {
	{ METHOD_GET, NULL, serve_channels },
	{ METHOD_HEAD, NULL, serve_channels },
	{ METHOD_OPTIONS, NULL, serve_options },
	{ METHOD_OTHER, NULL, refuse_method },
};

void
admit_request(struct viewer *v, const struct request_vars *vars)
{
	struct admission a = { .viewer = v,
		.vars = vars,
		.request.method = request_method(vars) };

	routes_find(routes, vars)->serve(&a);
	if (a.response.status != 0)
		reply_send(&a);
	admit_free(&a);
}

void
admit_free(struct admission *a)
{
	request_free(&a->request);
	response_free(&a->response);
}
