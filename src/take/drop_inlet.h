/*
 * A drop folder as an inlet, which tells drop.h when to look.  Where nothing
 * tells it of files (no inotify, a network file system) it looks once a second.
 */
#ifndef SPOOLCAST_TAKE_DROP_INLET_H
#define SPOOLCAST_TAKE_DROP_INLET_H

#include "take/inlet.h"

extern const struct inlet_kind drop_inlet;

#endif
