/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/dhtctl/rates.h"

#include <inttypes.h>
#include <stdio.h>

#include "tools/common/text.h"
#include "tools/dhtctl/admin.h"

const char rates_head[] =
	"requests/s  answers/s    drops/s     hits/s   misses/s    records     memory";

static uint64_t sum(const json_t *stats, const char *group)
{
	json_t *counters = json_object_get(stats, group), *value;
	uint64_t total = 0;
	const char *key;

	json_object_foreach(counters, key, value) total += reply_number(counters, key);
	return total;
}

static uint64_t per_second(uint64_t before, uint64_t after, uint64_t elapsed_ms)
{
	if (after <= before || elapsed_ms == 0)
		return 0;
	return (uint64_t)((double)(after - before) * 1000 / (double)elapsed_ms + 0.5);
}

static uint64_t event(const json_t *stats, const char *name)
{
	return reply_number(json_object_get(stats, "events"), name);
}

void rates_line(const json_t *before, const json_t *after, uint64_t elapsed_ms,
	char out[static RATES_LINE_MAX])
{
	const uint64_t pairs[][2] = {
		{sum(before, "requests"), sum(after, "requests")},
		{sum(before, "answers"), sum(after, "answers")},
		{sum(before, "drops"), sum(after, "drops")},
		{event(before, "hits"), event(after, "hits")},
		{event(before, "misses"), event(after, "misses")},
	};
	char memory[TEXT_DURATION_MAX];
	int n = 0;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		n += snprintf(out + n, RATES_LINE_MAX - (size_t)n, "%10" PRIu64 " ",
			per_second(pairs[i][0], pairs[i][1], elapsed_ms));
	text_bytes(reply_number(after, "memoryBytes"), memory);
	snprintf(out + n, RATES_LINE_MAX - (size_t)n, "%10" PRIu64 " %10s",
		reply_number(after, "records"), memory);
}
