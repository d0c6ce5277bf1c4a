/*
 * A drop folder as an inlet: who tells drop.h when to look.  Where nobody is
 * told of files (no inotify, a network file system) it looks once a second.
 */
#ifndef SPOOLCAST_TAKE_DROP_INLET_H
#define SPOOLCAST_TAKE_DROP_INLET_H

#include "take/inlet.h"

extern const struct inlet_kind drop_inlet;

#endif
