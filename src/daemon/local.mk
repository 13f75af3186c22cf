# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libdaemon.la
libdaemon_la_SOURCES = \
	src/daemon/admin.c src/daemon/admin.h \
	src/daemon/admin_cluster.c src/daemon/admin_methods.h \
	src/daemon/beat.h \
	src/daemon/bind_fault.c src/daemon/bind_fault.h \
	src/daemon/census.c src/daemon/census.h \
	src/daemon/clock.h \
	src/daemon/cluster_keys.c src/daemon/cluster_keys.h \
	src/daemon/cluster_thread.c src/daemon/cluster_thread.h \
	src/daemon/cmdline.c src/daemon/cmdline.h \
	src/daemon/conf.c src/daemon/conf.h \
	src/daemon/conf_check.c src/daemon/conf_check.h \
	src/daemon/conf_diff.c src/daemon/conf_diff.h \
	src/daemon/conf_json.c src/daemon/conf_json.h \
	src/daemon/conf_print.c \
	src/daemon/conf_syntax.c src/daemon/conf_syntax.h \
	src/daemon/conf_text.c src/daemon/conf_text.h \
	src/daemon/control.c src/daemon/control.h \
	src/daemon/control_client.c src/daemon/control_client.h \
	src/daemon/control_idl.h \
	src/daemon/control_service.c src/daemon/control_service.h \
	src/daemon/control_socket.c src/daemon/control_socket.h \
	src/daemon/daemon.c src/daemon/daemon.h \
	src/daemon/daemon_cluster.c \
	src/daemon/daemon_keys.c \
	src/daemon/daemon_members.c \
	src/daemon/daemon_operate.c src/daemon/daemon_state.h \
	src/daemon/daemon_parts.c \
	src/daemon/daemon_reload.c \
	src/daemon/explained.c src/daemon/explained.h \
	src/daemon/faults.c src/daemon/faults.h \
	src/daemon/given.c src/daemon/given.h \
	src/daemon/health.c src/daemon/health.h \
	src/daemon/key_file.c src/daemon/key_file.h \
	src/daemon/keyring.c src/daemon/keyring.h \
	src/daemon/listeners.c src/daemon/listeners.h \
	src/daemon/log.c src/daemon/log.h \
	src/daemon/log_events.h \
	src/daemon/log_json.c src/daemon/log_json.h \
	src/daemon/log_out.c src/daemon/log_out.h \
	src/daemon/log_ring.c src/daemon/log_ring.h \
	src/daemon/log_text.c src/daemon/log_text.h \
	src/daemon/loop.c src/daemon/loop.h \
	src/daemon/member_news.c src/daemon/member_news.h \
	src/daemon/notify.c src/daemon/notify.h \
	src/daemon/operate.h \
	src/daemon/parcels.c src/daemon/parcels.h \
	src/daemon/param.c src/daemon/param.h \
	src/daemon/peer_sockets.c src/daemon/peer_sockets.h \
	src/daemon/placement.c src/daemon/placement.h \
	src/daemon/policy.c src/daemon/policy.h \
	src/daemon/probe.c src/daemon/probe.h \
	src/daemon/readable.c src/daemon/readable.h \
	src/daemon/secret.c src/daemon/secret.h \
	src/daemon/seeds.c src/daemon/seeds.h \
	src/daemon/server_name.c src/daemon/server_name.h \
	src/daemon/settings.c src/daemon/settings.h \
	src/daemon/statsjson.c src/daemon/statsjson.h \
	src/daemon/thread.c src/daemon/thread.h \
	src/daemon/udp.c src/daemon/udp.h \
	src/daemon/value.c src/daemon/value.h \
	src/daemon/value_hint.c src/daemon/value_hint.h \
	src/daemon/varlink.c src/daemon/varlink.h \
	src/daemon/warden.c src/daemon/warden.h \
	src/daemon/watchdog.c src/daemon/watchdog.h \
	src/daemon/worker.c src/daemon/worker.h

# The control protocol's description as a string. On top of the build folder: in a build in the tree
# it would lie among the sources otherwise.
nodist_libdaemon_la_SOURCES = control_idl.c
control_varlink = $(top_srcdir)/src/daemon/org.dht.Control.varlink
EXTRA_DIST += src/daemon/org.dht.Control.varlink
CLEANFILES += control_idl.c
control_idl.c: $(control_varlink)
	$(AM_V_GEN){ echo '#include "daemon/control_idl.h"'; echo 'const char control_idl[] ='; \
		sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' '$(control_varlink)'; echo ';'; } >$@-t && mv $@-t $@

sbin_PROGRAMS += dhtd
dhtd_SOURCES = src/daemon/main.c
dhtd_LDADD = libdaemon.la libcore.la $(CONFIG_LIBS) $(SODIUM_LIBS) $(SYSTEMD_LIBS) \
	$(JANSSON_LIBS) $(URCU_LIBS) -lpthread

# Writes etc/dht.conf and dht.conf(5)'s list from the table of settings.
noinst_PROGRAMS += mkconf
mkconf_SOURCES = src/daemon/mkconf.c
mkconf_LDADD = $(dhtd_LDADD)
