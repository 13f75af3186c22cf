# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libdaemon.la
libdaemon_la_SOURCES = \
	src/daemon/clock.h \
	src/daemon/cmdline.c src/daemon/cmdline.h \
	src/daemon/conf.c src/daemon/conf.h \
	src/daemon/conf_check.c src/daemon/conf_check.h \
	src/daemon/conf_print.c \
	src/daemon/conf_text.c src/daemon/conf_text.h \
	src/daemon/daemon.c src/daemon/daemon.h \
	src/daemon/faults.c src/daemon/faults.h \
	src/daemon/listeners.c src/daemon/listeners.h \
	src/daemon/log.c src/daemon/log.h \
	src/daemon/loop.c src/daemon/loop.h \
	src/daemon/policy.c src/daemon/policy.h \
	src/daemon/secret.c src/daemon/secret.h \
	src/daemon/settings.c src/daemon/settings.h \
	src/daemon/statsjson.c src/daemon/statsjson.h \
	src/daemon/udp.c src/daemon/udp.h \
	src/daemon/value.c src/daemon/value.h \
	src/daemon/warden.c src/daemon/warden.h \
	src/daemon/worker.c src/daemon/worker.h

sbin_PROGRAMS += dhtd
dhtd_SOURCES = src/daemon/main.c
dhtd_LDADD = libdaemon.la libcore.la $(CONFIG_LIBS) $(SODIUM_LIBS) $(SYSTEMD_LIBS) \
	$(JANSSON_LIBS) -lpthread

# Writes etc/dht.conf and dht.conf(5)'s list from the table of settings.
noinst_PROGRAMS += mkconf
mkconf_SOURCES = src/daemon/mkconf.c
mkconf_LDADD = $(dhtd_LDADD)
