#include <stdint.h>
#include <string.h>

#include "base/near.h"

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t
near_distance(const char *a, const char *b)
{
	/*
	 * These rows of the usual table are kept: the one that is made and the
	 * two above it.
	 */
	size_t rows[3][NEAR_MAX + 1], a_len = strlen(a), b_len = strlen(b);

	if (a_len > NEAR_MAX || b_len > NEAR_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *row = rows[i % 3], *last = rows[(i + 2) % 3];
		const size_t *older = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			row[j] = last[j - 1] + (a[i - 1] != b[j - 1]);
			row[j] = least(row[j], last[j] + 1);
			row[j] = least(row[j], row[j - 1] + 1);
			/* Two letters that changed places are one mistake. */
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				row[j] = least(row[j], older[j - 2] + 1);
		}
	}
	return rows[a_len % 3][b_len];
}
