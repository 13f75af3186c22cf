/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"

const char *err_text(int err)
{
	switch ((enum dht_err)err) {
	case DHT_OK: return "no error";
	case DHT_EINVAL: return "invalid argument";
	case DHT_EMALFORMED: return "malformed";
	case DHT_ESPACE: return "not enough room";
	case DHT_ENOMEM: return "out of memory";
	case DHT_EFULL: return "limit reached";
	case DHT_ENOENT: return "not found";
	case DHT_ERANGE: return "out of range";
	case DHT_EUNITS: return "a unit is missing or unknown";
	case DHT_EPOLICY: return "not allowed";
	case DHT_EAUTH: return "authentication failed";
	case DHT_ETIMEDOUT: return "timed out";
	case DHT_EUNREACHABLE: return "cannot be reached";
	case DHT_ERESOLVE: return "name has no address";
	case DHT_ESYSTEM: return "system error";
	case DHT_EBUSY: return "busy";
	case DHT_ESTALE: return "out of date";
	}
	return "unknown error";
}
