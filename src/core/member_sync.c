/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/member_impl.h"

#define SYNC_EVERY_US    (2 * SECOND_US)
#define SYNC_TRIES       3
#define DIFFER_INTERVALS 2  /* of one and the same server's digest */
#define AGREE_INTERVALS  10 /* in which nobody had the same as we */

static void ask_page(struct members *m, struct mail *mail)
{
	struct flow flow = {.remote = m->sync.with, .socket = FLOW_ASK};
	struct peer_msg msg = {.type = PEER_SYNC, .sync = {.after = m->sync.after}};

	m->sync.asked_us = m->now.mono_us;
	if (mail_fits(mail, &flow) > 0)
		mail_put(mail, &flow, &msg);
}

void members_sync(struct members *m, struct mail *mail, const struct member *x)
{
	uint64_t now = m->now.mono_us;

	if (m->sync.active || (m->sync.begun_us && now - m->sync.begun_us < SYNC_EVERY_US))
		return;
	stats_inc(m->stats, STATS_SYNCS);
	m->sync = (struct sync){.active = true, .with = x->id, .begun_us = now};
	ask_page(m, mail);
}

void members_sync_again(struct members *m, struct mail *mail)
{
	if (!m->sync.active || m->now.mono_us - m->sync.asked_us < SYNC_EVERY_US)
		return;
	if (++m->sync.tries < SYNC_TRIES)
		ask_page(m, mail);
	else
		m->sync.active = false;
}

void member_compare(struct members *m, struct mail *mail, struct member *x, uint64_t view)
{
	uint64_t now = m->now.mono_us, interval = m->conf.interval_us;

	if (view == m->digest) {
		x->differs_us = 0;
		m->agreed_us = now;
		m->synced = true;
		return;
	}
	if (!x->differs_us)
		x->differs_us = now;
	if (!m->synced || now - x->differs_us >= DIFFER_INTERVALS * interval ||
		now - m->agreed_us >= AGREE_INTERVALS * interval)
		members_sync(m, mail, x);
}

/* Everybody whom all can know: each sees for himself how those are who speak base messages only. */
static bool is_for_roster(const struct member *x)
{
	return x->start ? x->incarnation != 0 : x->state == PEER_ALIVE;
}

void member_take_sync(struct members *m, const struct source *from, const struct peer_msg *msg)
{
	uint8_t bytes[MSG_DATAGRAM_DEFAULT];
	size_t fits = mail_fits(from->mail, from->flow), at = 0;
	struct peer_msg page = {.type = PEER_ROSTER, .roster = {.last = 1}};

	if (!from->member || fits < MSG_HEADER_LEN + 1 + PEER_ENTRY_MAX)
		return;
	fits -= MSG_HEADER_LEN + 1;
	struct writer w = writer_of(bytes, fits < sizeof(bytes) ? fits : sizeof(bytes));
	while (at < m->count && addr_cmp(&m->all[m->sorted[at]].id, &msg->sync.after) <= 0)
		at++;
	for (; at < m->count && page.roster.last; at++) {
		const struct member *x = &m->all[m->sorted[at]];
		struct peer_entry e = member_entry(x, true);
		if (!is_for_roster(x))
			continue;
		if (writer_left(&w) < member_entry_size(&e))
			page.roster.last = 0;
		else
			peer_write_entry(&w, &e);
	}
	page.roster.entries = (struct span){bytes, writer_used(&w)};
	mail_put(from->mail, from->flow, &page);
}

void member_take_roster(struct members *m, const struct source *from, const struct peer_msg *msg)
{
	struct span rest = msg->roster.entries;
	struct addr last = m->sync.after;
	struct peer_entry e;

	if (!from->member || !m->sync.active || !addr_equal(&m->sync.with, &from->letter->id))
		return;
	while (peer_entry_next(&rest, &e)) {
		members_hear(m, &e, &from->letter->id, true);
		if (addr_cmp(&e.id, &last) > 0)
			last = e.id;
	}
	m->sync.active = !msg->roster.last && !addr_equal(&last, &m->sync.after);
	m->sync.after = last;
	m->sync.tries = 0;
	if (m->sync.active)
		ask_page(m, from->mail);
	else if (msg->roster.last)
		m->synced = true;
}
