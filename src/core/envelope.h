/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * envelope: what a datagram of the peer or keep-alive plane goes through before its messages count,
 * in a lane as well as in the cluster's thread.
 *
 *     seal_open ─▶ known? ─▶ its messages
 *                    └ no ─▶ PROOF: from here on it is known, and what stands behind it counts
 *                            anything else: answered by PROVE, once for a datagram
 *
 * PROVE in any letter is answered by PROOF (and by PROVE, when its sender is not known and has
 * brought no proof): so each side proves itself after at most one datagram more, and an exchange of
 * PROVE and PROOF always comes to its end.
 */
#ifndef DHT_CORE_ENVELOPE_H
#define DHT_CORE_ENVELOPE_H

#include "core/flow.h"
#include "core/mail.h"

/* Opens it and answers for our start. True: out is a letter that is known, whose messages count
 * (PROVE and PROOF among them are to be passed over). Otherwise it is counted in mail->stats. bytes
 * are decrypted in place. */
bool envelope_open(struct seal *s, const struct now *now, const struct flow *flow, uint8_t *bytes,
	size_t len, struct mail *mail, struct letter *out);

#endif
