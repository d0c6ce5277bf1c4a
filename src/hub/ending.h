/*
 * How a process ends: told to by a signal, or because nobody needs it.
 */
#ifndef SPOOLCAST_HUB_ENDING_H
#define SPOOLCAST_HUB_ENDING_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

struct hub;

#define ENDING_SIGNALS 4

struct ending {
	ev_signal signals[ENDING_SIGNALS];
	ev_timer drain; /* until the responses that are left are cut */
	ev_timer last;	/* until nobody is accepted any more */
	ev_timer rest;	/* runs while a process for one viewer has none */
	bool is_draining;
	int64_t returns_ms; /* viewers of mode close are back by then */
	int64_t gone_ms;    /* when draining: nobody listens from then on */
};

/**
 * ending_init(hub):
 * Prepare ${hub}, which has a loop, to be told to end.
 */
void ending_init(struct hub *hub);

/**
 * ending_stop_listening(hub):
 * Accept nothing any more.
 */
void ending_stop_listening(struct hub *hub);

/**
 * ending_watch_rest(hub):
 * See to it that a process for one viewer that has had none for a while ends,
 * where its gateway would keep it.
 */
void ending_watch_rest(struct hub *hub);

/**
 * ending_note_return(hub, back_ms):
 * A client will be back by ${back_ms} (monotonic), and soon.
 */
void ending_note_return(struct hub *hub, int64_t back_ms);

/**
 * ending_delay_ms(hub):
 * Return in how many milliseconds nobody will listen any more, if the program
 * is being stopped; else 0.
 */
int64_t ending_delay_ms(const struct hub *hub);

#endif
