#include <string.h>

#include "hub/routes.h"

static bool
fits(const struct route *route, enum request_method method,
    const struct request_value *page)
{
	if (route->method != METHOD_OTHER && route->method != method)
		return false;
	return route->page == NULL ||
	    (strlen(route->page) == page->len &&
		memcmp(route->page, page->text, page->len) == 0);
}

const struct route *
routes_find(const struct route *routes, const struct request_vars *vars)
{
	enum request_method method = request_method(vars);
	struct request_value page = request_page(vars);

	while (!fits(routes, method, &page))
		routes++;
	return routes;
}
