/*
 * A named pipe, SPOOL/NAME.fifo: what is written to it is appended to its
 * journal, SPOOL/.spoolcast/NAME.fifo.log, byte by byte.
 *
 * What pipe(7), fifo(7) and splice(2) say, and what follows for this file:
 *  a) Its bytes live as long as somebody has it open, and opening it to write
 *     waits until somebody has it open to read.  So every process that may
 *     become the taker has it open, to read and to write (to open it like that
 *     never waits).
 *  b) splice(2) takes bytes out of it and puts them into a file in one step: if
 *     the process is killed they are either here or there, and if the disk is
 *     full they stay here, until writers wait.
 *  c) Some file systems have no splice(2).  There what tee(2) shows is written
 *     to the journal first and taken out of the pipe after that; a process
 *     killed in between makes it appear twice.
 *  d) A write of up to 4096 bytes (PIPE_BUF) stays whole, a larger one may have
 *     others in it.
 *  e) Processes that have a removed pipe open can still write to it.  If we
 *     have it open only to read, it tells when there are none left.
 *  f) Each machine on a network file system has pipes of its own by the same
 *     names: the bytes are only taken where the taker runs.
 */
#ifndef SPOOLCAST_TAKE_PIPE_H
#define SPOOLCAST_TAKE_PIPE_H

#include "take/inlet.h"

extern const struct inlet_kind pipe_inlet;

#endif
