#include <stdlib.h>

#include "fcgi/fcgi_intake.h"

/* How many bytes all intakes take. */
static size_t memory;

size_t
fcgi_intake_memory(void)
{
	return memory;
}

static struct buf *
part_of(struct fcgi_intake *intake, enum fcgi_intake_part part)
{
	return part == FCGI_INTAKE_PARAMS ? &intake->params : &intake->record;
}

int
fcgi_intake_add(struct fcgi_intake **intake, enum fcgi_intake_part part,
    const uint8_t *bytes, size_t len)
{
	struct buf *to;
	size_t cap;
	int rc;

	if (*intake == NULL) {
		if ((*intake = calloc(1, sizeof(**intake))) == NULL)
			return -1;
		memory += sizeof(**intake);
	}
	to = part_of(*intake, part);
	cap = to->cap;
	rc = buf_append(to, bytes, len);
	memory += to->cap - cap;
	return rc;
}

void
fcgi_intake_drop(struct fcgi_intake **intake, enum fcgi_intake_part part)
{
	struct buf *buf;

	if (*intake == NULL)
		return;
	buf = part_of(*intake, part);
	memory -= buf->cap;
	buf_free(buf);
	if ((*intake)->params.len == 0 && (*intake)->record.len == 0)
		fcgi_intake_free(intake);
}

void
fcgi_intake_free(struct fcgi_intake **intake)
{
	if (*intake == NULL)
		return;
	memory -=
	    (*intake)->params.cap + (*intake)->record.cap + sizeof(**intake);
	buf_free(&(*intake)->params);
	buf_free(&(*intake)->record);
	free(*intake);
	*intake = NULL;
}
