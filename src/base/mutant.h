/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mutant: bugs that are planted on purpose.
 *
 * A simulator that finds nothing proves something only if it would have found what is there. So
 * the places where this code is easily got wrong have the mistake beside what is right:
 *
 *     if (!MUTANT(16) || number != w->top)
 *
 * MUTANT(n) is false, and the compiler leaves nothing of it, but in a build that was configured
 * with --enable-mutants: there dht_mutant chooses one of the list below, 0 for none, and
 * tests/sim/mutants.py lets the simulator look for each. Such a build is for nothing else: it says
 * so when it is asked for its version, and does not let itself be installed.
 *
 * Each is a mistake that could be made, in one place, and one that no other part makes good. A
 * number stays with its mutant for ever; a new one gets the next.
 */
#ifndef DHT_BASE_MUTANT_H
#define DHT_BASE_MUTANT_H

#include <stdbool.h>

/* X(number, name, what goes wrong) */
#define MUTANTS(X)                                                                                 \
	X(1, "longest life", "a newer version keeps an older one's life when that is longer")      \
	X(2, "first version", "a newer version of a provider who is there is ignored")             \
	X(3, "read the dead", "who asks is told of records whose end has come")                    \
	X(4, "their clock", "a life is counted from what the sender's clock said")                 \
	X(5, "arrival", "a life is counted from when it arrived, not from when it was sent")       \
	X(6, "owner short", "one server too few owns each partition")                              \
	X(7, "dead owners", "half of the servers have members that are dead own partitions")       \
	X(8, "leave at once", "who leaves goes before others have what it had")                    \
	X(9, "complete at once", "a new owner says that it has all before it has anything")        \
	X(10, "drop at once", "a former owner drops a partition before the owners have it")        \
	X(11, "own copy", "a coordinator that is an owner counts itself and stores nothing")       \
	X(12, "early ack", "a write is acknowledged as soon as one server has it")                 \
	X(13, "count digest", "digests are those of how many records there are, not of which")     \
	X(14, "wrong partition", "who pulls is sent the records of another partition")             \
	X(15, "no floor", "a proof lets in what was sent before it")                               \
	X(16, "newest twice", "the newest envelope is not written down as seen")                   \
	X(17, "any cookie", "a proof's cookie is not looked at")                                   \
	X(18, "suspect for ever", "a server does not answer to being suspected")                   \
	X(19, "dead for ever", "a server does not answer to being held dead or gone")              \
	X(20, "no tombstone", "a tombstone goes as soon as it has come")                           \
	X(21, "last wins", "what came last replaces what is newer")                                \
	X(22, "rounded up", "what is left of a life is rounded up to ten seconds when told")       \
	X(23, "full is kept", "a server that is full says that it has kept a record")              \
	X(24, "proofs for ever", "a proof is answered by asking for one")                          \
	X(25, "any address", "a proven start is believed from whatever address it comes")          \
	X(26, "quorum of some", "a quorum is one of those that are alive")                         \
	X(27, "leak", "an operation whose time is over is not given back")                         \
	X(28, "partial nobody", "an owner that has not all is believed when it knows nobody")      \
	X(29, "late accuser", "a server that stood still does not forgive those it did not hear")  \
	X(30, "not shortened", "what took a longer life's place does not remember it")             \
	X(31, "told by each", "a change is told for each server that tells of it")                 \
	X(32, "behind", "what a version from a clock ahead hides is acknowledged as stored")

#ifdef DHT_MUTANTS
extern unsigned dht_mutant;
#define MUTANT(number) (dht_mutant == (number))
#define MUTANT_VERSION " (with mutants, not to be used)"
#else
#define MUTANT(number) false
#define MUTANT_VERSION ""
#endif

#endif
