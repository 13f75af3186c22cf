/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * err: the one list of things that can go wrong.
 *
 * Every function that can fail returns 0 (or a count) when it worked and one of these, negative,
 * when it did not. The list is closed: err_text() has no default case, so the compiler reports a
 * code that nobody put into words. Values never leave the process: they are free to change.
 */
#ifndef DHT_BASE_ERR_H
#define DHT_BASE_ERR_H

enum dht_err {
	DHT_OK = 0,
	DHT_EINVAL = -1000, /* an argument is out of its range */
	DHT_EMALFORMED,     /* bytes or text that do not parse */
	DHT_ESPACE,         /* the caller's buffer is too small */
	DHT_ENOMEM,         /* the system has no memory to give */
	DHT_EFULL,          /* a limit that was set on purpose is reached */
	DHT_ENOENT,         /* there is no such thing */
	DHT_ERANGE,         /* a number outside what its setting or field allows */
	DHT_EUNITS,         /* a number without the unit that it needs */
	DHT_EPOLICY,        /* not allowed by configuration */
	DHT_EAUTH,          /* a proof is missing or wrong */
	DHT_ETIMEDOUT,      /* no answer in time */
	DHT_EUNREACHABLE,   /* nobody listens there, or there is no way to it */
	DHT_ERESOLVE,       /* a name has no address */
	DHT_ESYSTEM,        /* a system call failed; errno says why */
	DHT_EBUSY,          /* not now: something of the same kind is under way */
	DHT_ESTALE,         /* what is there already is newer */
};

/* A short lower-case text without a full stop, for any value above (also 0). Never NULL. */
const char *err_text(int err);

#endif
