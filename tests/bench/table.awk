# table.awk: notes (row, column, value) become a table of medians.
# -v heading= that of the first column, -v columns= the others, between tabs.
# Rows that have none of these columns are left out.

function precise(x)
{
	if (x !~ /^-?[0-9.]+(e[-+]?[0-9]+)?$/)
		return x
	if (x == int(x))
		return sprintf("%d", x)
	if (x >= 100 || x <= -100)
		return sprintf("%.0f", x)
	if (x >= 10 || x <= -10)
		return sprintf("%.1f", x)
	return sprintf("%.2f", x)
}

# The median of what was noted for a cell, and between which it lies.
function cell(row, column, key, n, i, j, v, swap)
{
	key = row SUBSEP column
	n = count[key]
	if (n == 0)
		return "-"
	for (i = 1; i <= n; i++)
		v[i] = value[key, i]
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && v[j] + 0 < v[j - 1] + 0; j--) {
			swap = v[j]
			v[j] = v[j - 1]
			v[j - 1] = swap
		}
	i = int((n + 1) / 2)
	if (v[1] == v[n])
		return precise(v[i])
	return precise(v[i]) " (" precise(v[1]) "-" precise(v[n]) ")"
}

{
	if (!($1 in seen)) {
		seen[$1] = 1
		rows[++n_rows] = $1
	}
	value[$1, $2, ++count[$1, $2]] = $3
}

END {
	n = split(columns, name, "\t")
	text[0, 0] = heading
	for (c = 1; c <= n; c++)
		text[0, c] = name[c]
	kept = 0
	for (r = 1; r <= n_rows; r++) {
		empty = 1
		for (c = 1; c <= n; c++) {
			text[kept + 1, c] = cell(rows[r], name[c])
			if (text[kept + 1, c] != "-")
				empty = 0
		}
		if (!empty)
			text[++kept, 0] = rows[r]
	}
	n_rows = kept
	for (c = 0; c <= n; c++)
		for (r = 0; r <= n_rows; r++)
			if (length(text[r, c]) > width[c])
				width[c] = length(text[r, c])
	for (r = 0; r <= n_rows; r++) {
		printf "%-*s", width[0], text[r, 0]
		for (c = 1; c <= n; c++)
			printf "  %*s", width[c], text[r, c]
		print ""
	}
}
