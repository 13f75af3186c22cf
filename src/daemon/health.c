/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/health.h"

#include <inttypes.h>
#include <stdio.h>

/* In front of and behind how many it was. */
static const struct {
	const char *what, *why;
} sentences[HEALTH_COUNTED] = {
	[HEALTH_REFUSED] = {"records refused lately",
		"records.max_records, max_memory or max_providers_per_hash is reached"},
	[HEALTH_OVERFLOWS] = {"datagrams lost lately in front of a full receive buffer",
		"more come than are answered, or net.core.rmem_max is small"},
	[HEALTH_UNSENT] = {"datagrams for other servers refused lately by this system",
		"a firewall here, or no route to them; the log says which"},
};

static const char before_config[] =
	"the configuration was rejected, and the next start would fail: ";

static void observe(struct health *h, enum health_trouble which, uint64_t count, uint64_t now_us)
{
	if (h->grows[which].active &&
		now_us - h->grows[which].grew_us >= HEALTH_WINDOW_S * UINT64_C(1000000))
		h->grows[which].active = false;
	if (count > h->grows[which].count) {
		if (!h->grows[which].active)
			h->grows[which].start_count = h->grows[which].count;
		h->grows[which].active = true;
		h->grows[which].grew_us = now_us;
	}
	h->grows[which].count = count;
}

void health_observe(struct health *h, const struct health_facts *facts)
{
	observe(h, HEALTH_REFUSED, facts->refused, facts->now_us);
	observe(h, HEALTH_OVERFLOWS, facts->overflows, facts->now_us);
	observe(h, HEALTH_UNSENT, facts->unsent, facts->now_us);
	for (int i = HEALTH_COUNTED; i < HEALTH_TROUBLES; i++)
		snprintf(
			h->told[i], sizeof(h->told[i]), "%s", facts->told[i] ? facts->told[i] : "");
}

size_t health_reasons(const struct health *h, char reasons[HEALTH_TROUBLES][HEALTH_REASON_MAX])
{
	size_t n = 0;

	for (int i = 0; i < HEALTH_COUNTED; i++)
		if (h->grows[i].active)
			snprintf(reasons[n++], HEALTH_REASON_MAX, "%s: %" PRIu64 " (%s)",
				sentences[i].what, h->grows[i].count - h->grows[i].start_count,
				sentences[i].why);
	for (int i = HEALTH_COUNTED; i < HEALTH_TROUBLES; i++)
		if (h->told[i][0])
			snprintf(reasons[n++], HEALTH_REASON_MAX, "%s%s",
				i == HEALTH_CONFIG ? before_config : "", h->told[i]);
	return n;
}
