/* SPDX-License-Identifier: BSD-2-Clause */
/* control_idl: org.dht.Control.varlink as a string. The build makes control_idl.c of the file. */
#ifndef DHT_DAEMON_CONTROL_IDL_H
#define DHT_DAEMON_CONTROL_IDL_H

extern const char control_idl[];

#endif
