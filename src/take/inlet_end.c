/* Letting go of inlets. */
#include <stdlib.h>

#include "base/clock.h"
#include "take/take.h"

/* Let go of ${inlet}, which is open. */
static void
let_go(struct inlet *inlet)
{
	inlet_rest(inlet);
	inlet->kind->follow(inlet, false);
	inlet->kind->close(inlet);
	inlet->is_open = false;
}

static void
forget(struct inlet *inlet)
{
	inlet->take->n_inlets--;
	list_remove(&inlet->node);
	free(inlet);
}

void
inlet_end_close(struct inlet *inlet)
{
	if (!inlet->is_open)
		return;
	if (!inlet->kind->is_lasting)
		(void)inlet_drain(inlet, TAKE_TURN_MS);
	let_go(inlet);
}

void
inlet_end_free(struct inlet *inlet)
{
	inlet_end_close(inlet);
	forget(inlet);
}

void
inlet_end(struct inlet *inlet, int64_t until_ms)
{
	int64_t left_ms = until_ms - clock_mono_ms();

	if (inlet->is_open) {
		if (left_ms > 0 || !inlet->kind->is_lasting)
			(void)inlet_drain(inlet, left_ms);
		let_go(inlet);
	}
	forget(inlet);
}
