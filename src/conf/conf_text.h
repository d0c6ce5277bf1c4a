/*
 * Text that others chose, made safe to print.
 */
#ifndef SPOOLCAST_CONF_CONF_TEXT_H
#define SPOOLCAST_CONF_CONF_TEXT_H

#include "base/buf.h"

/**
 * conf_text_plain(text, out):
 * Append ${text} to ${out} for a terminal: control characters of ASCII,
 * backslashes and bytes that are not UTF-8 become \xHH, other characters that
 * would not be seen, or change the order of what stands beside them, become
 * <U+HHHH> (base/shown.h).  Return 0, or -1 with ENOMEM.
 */
int conf_text_plain(const char *text, struct buf *out);

#endif
