# SPDX-License-Identifier: BSD-2-Clause
"""Hashes that very many have: paging through all of them, and sampling them fairly."""
import collections
import os
import time

import lab
import raw

CROWD = 50000
SAMPLED = 1000
SAMPLES = int(os.environ.get("DHT_SAMPLES", "20000"))
SAMPLING_TIME = 20  # seconds that all samples may take


def nth(i):
    """The address of the i-th provider."""
    return f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}"


def chi_square_limit(freedom):
    """What chi-square exceeds with probability 1e-6 (Wilson and Hilferty's approximation)."""
    t = 2 / (9 * freedom)
    return freedom * (1 - t + 4.7534 * t**0.5) ** 3


class Crowd(lab.LabTest):
    def test_fifty_thousand(self):
        client, key = self.client(), lab.fresh_hash()
        start = time.monotonic()
        for answer in client.ask_all(raw.announce(raw.txid(), [key], nth(i), i % 65536, 3600)
                                     for i in range(CROWD)):
            self.assertEqual(answer[-1], 0)
        announced = time.monotonic()
        providers, totals, pages = client.pages(key)
        print(f"\n{CROWD} announced in {announced - start:.1f} s, read in {pages} pages "
              f"in {time.monotonic() - announced:.2f} s")
        self.assertEqual(dict(totals), {CROWD: pages})
        found = collections.Counter((one.ip, one.port) for one in providers)
        self.assertEqual(max(found.values()), 1, "a provider on two pages")
        self.assertEqual(set(found), {(nth(i), i % 65536) for i in range(CROWD)})
        self.assertLess(pages, CROWD // 40, "pages fill their datagrams")
        have = raw.have_ips(client.ask(raw.get(key)))
        self.assertEqual(len(set(have)), (1232 - 3) // 16)
        stats = self.server.stats()
        self.assertEqual((stats["records"], stats["hashes"]), (CROWD, 1))

    def test_pages_while_it_changes(self):
        """Who is there all the time is seen exactly once, whatever comes and goes."""
        client, other, key = self.client(), self.client(), lab.fresh_hash()
        rng = lab.rng()
        stay = {nth(i) for i in range(0, 3000)}
        list(client.ask_all(raw.announce(raw.txid(), [key], one, 1) for one in stay))
        seen, cursor, comes = collections.Counter(), 0, []
        while True:
            transaction = raw.txid()
            section, = raw.sections_of(client.ask(raw.lookup(transaction, [key], 20, cursor)),
                                       transaction)
            seen.update(one.ip for one in section.providers)
            cursor = section.next
            if not cursor:
                break
            for _ in range(10):
                comes.append(nth(100000 + rng.randrange(50000)))
                other.ask(raw.announce(raw.txid(), [key], comes[-1], 1))
            gone = comes.pop(rng.randrange(len(comes)))
            other.ask(raw.withdraw(raw.txid(), [key], gone, 1))
        self.assertEqual({one for one in stay if seen[one] != 1}, set())

    def sample(self, client, key, index):
        """How often each provider came in SAMPLES HAVEs, anywhere and first; and in how many."""
        any_place, first_place = [0] * SAMPLED, [0] * SAMPLED
        count, end = 0, time.monotonic() + SAMPLING_TIME
        while count < SAMPLES and time.monotonic() < end:
            for have in client.ask_all([raw.get(key)] * 500, window=32):
                found = raw.have_ips(have)
                first_place[index[found[0]]] += 1
                for one in found:
                    any_place[index[one]] += 1
                count += 1
        return any_place, first_place, count

    def test_samples_are_fair(self):
        client, key = self.client(), lab.fresh_hash()
        index = {raw.ip(nth(i)): i for i in range(SAMPLED)}
        list(client.ask_all(raw.announce(raw.txid(), [key], nth(i)) for i in range(SAMPLED)))
        any_place, first_place, count = self.sample(client, key, index)
        limit = chi_square_limit(SAMPLED - 1)
        for name, seen in (("anywhere", any_place), ("first", first_place)):
            share = sum(seen) / count / SAMPLED
            expected, variance = count * share, count * share * (1 - share)
            # Drawn without repetition, each provider's count is binomial and their sum is fixed.
            chi = sum((one - expected) ** 2 for one in seen) / variance * (SAMPLED - 1) / SAMPLED
            print(f"\n{name}: chi-square {chi:.0f} of {SAMPLED - 1} degrees in {count} samples, "
                  f"limit {limit:.0f}")
            self.assertGreater(count, 2000, "too slow for a verdict")
            self.assertLess(chi, limit)


if __name__ == "__main__":
    lab.main()
