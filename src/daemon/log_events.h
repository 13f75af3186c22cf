/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_events: what the log tells of by name.
 *
 * Each has a MESSAGE_ID that does not change, by which journalctl finds it and its entry of the
 * message catalog (systemd/dht.catalog, which says what to do about it). The name is the journal's
 * DHT_EVENT and the control protocol's `event`.
 */
#ifndef DHT_DAEMON_LOG_EVENTS_H
#define DHT_DAEMON_LOG_EVENTS_H

/* X(identifier, name, message id, level) */
#define LOG_EVENTS(X)                                                                              \
	X(READY, "ready", "f6ce70fdd39e44b6a9ccb77dbf5395fc", NOTICE)                              \
	X(STOPPING, "stopping", "e25645c2562543089b001a62a956eb52", NOTICE)                        \
	X(CONFIG_FAULT, "configFault", "f8ff9ff7f04f48dd95cbad8dcdd1d2cf", ERROR)                  \
	X(CONFIG_UNUSED, "configUnused", "a5bf905d2e1b4f3580b6d4077d19ea45", WARNING)              \
	X(RELOADED, "reloaded", "18fae8efac104ff59c056c1f0d85ced2", NOTICE)                        \
	X(RELOAD_REJECTED, "reloadRejected", "db63e713a02a44779f611d0ac3624e66", ERROR)            \
	X(RESTART_NEEDED, "restartNeeded", "07dea273bf9e48a29c333266ef26c269", WARNING)            \
	X(DEGRADED, "degraded", "b75a320ee165439ba34baa435034d708", WARNING)                       \
	X(HEALTHY, "healthy", "38a308fd58c9438c88c57bf391804e28", NOTICE)                          \
	X(THREAD_STUCK, "threadStuck", "734ee4062994470282b3641bd5d7a2fd", ERROR)                  \
	X(THREAD_BACK, "threadBack", "cb3d375892594751b7a0178e8074051c", NOTICE)                   \
	X(EXIT_ASKED, "exitAsked", "081ae6cb851c4726bbfcf1fa8d4838f1", NOTICE)                     \
	X(EXIT_WRONG, "exitWrong", "d5b2172b494c45da96bf17668cc9a516", WARNING)                    \
	X(EXIT_UNSET, "exitUnset", "93fddd7d7fe84a22a3d47a2b20950498", INFO)                       \
	X(CONTROL_DENIED, "controlDenied", "cb5ad967ce1647749e342447c60a3830", WARNING)            \
	X(CONTROL_MISSING, "controlMissing", "811efa4d91f64879aafee8657d0ec9e4", WARNING)          \
	X(LOG_LEVEL, "logLevel", "44db48d5c3b8400485158dc518e8d9df", NOTICE)                       \
	X(SEND_FAILED, "sendFailed", "3acb3d45dac54b3da5d364e7689abe02", INFO)                     \
	X(MEMBER_JOINED, "memberJoined", "7283f8b175044627a70fb7c15400345f", INFO)                 \
	X(MEMBER_SUSPECTED, "memberSuspected", "da72e14f97754061af44c13dd2a81f68", INFO)           \
	X(MEMBER_DEAD, "memberDead", "f2f1f46e1b584cafa768afb78d2d17db", WARNING)                  \
	X(MEMBER_RETURNED, "memberReturned", "2eafd5fada5d48649ea60a36036489bf", INFO)             \
	X(MEMBER_RESTARTED, "memberRestarted", "a0a1b90dd64a488ba8932a1c948525f5", INFO)           \
	X(MEMBER_LEAVING, "memberLeaving", "8024b46bd6fe4de4892f94b6ec9dd56f", INFO)               \
	X(MEMBER_STAYS, "memberStays", "bcc4a678ec16480581a973151c0e1a76", INFO)                   \
	X(MEMBER_LEFT, "memberLeft", "270a0b254124416d8c57774adb430937", INFO)                     \
	X(KEYS_CHANGED, "keysChanged", "a7918d7abf7945c1a6a47562f502d1f9", NOTICE)                 \
	X(DRAIN, "drain", "0607aab8f0674b79b290c269c7ede2d7", NOTICE)

enum log_event {
#define X(id, name, message_id, level) LOG_EVENT_##id,
	LOG_EVENTS(X)
#undef X
		LOG_EVENT_COUNT,
};

#endif
