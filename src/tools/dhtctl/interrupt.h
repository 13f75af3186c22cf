/* SPDX-License-Identifier: BSD-2-Clause */
/* interrupt: signals as something to poll, so that what goes on until somebody ends it ends well.
 */
#ifndef DHT_TOOLS_DHTCTL_INTERRUPT_H
#define DHT_TOOLS_DHTCTL_INTERRUPT_H

/* From now on SIGINT, SIGTERM and SIGHUP do nothing but make this descriptor readable. -1 with
 * errno, and then they do what they did. */
int interrupt_open(void);

#endif
