# SPDX-License-Identifier: BSD-2-Clause
# The pages, and for each function of libdht that shares a page a file that leads to it.
dist_man_MANS = \
	man/dht-client.ini.5 \
	man/dht-protocol.7 \
	man/dht.1 \
	man/dht.conf.5 \
	man/dht_get.3 \
	man/dht_hash_parse.3 \
	man/dht_open.3 \
	man/dht_ping.3 \
	man/dht_process.3 \
	man/dht_put.3 \
	man/dht_strerror.3 \
	man/dht_want.3 \
	man/dhtctl.8 \
	man/dhtd.8 \
	man/libdht.3

man_get_links = man/links/dht_answers_free.3
man_hash_links = \
	man/links/dht_hash_fd.3 \
	man/links/dht_hash_format.3 \
	man/links/dht_ip_parse.3 \
	man/links/dht_provider_format.3
man_open_links = \
	man/links/dht_close.3 \
	man/links/dht_last_trip.3 \
	man/links/dht_set_learning.3 \
	man/links/dht_set_progress.3 \
	man/links/dht_version.3
man_ping_links = \
	man/links/dht_exit.3 \
	man/links/dht_servers.3
man_process_links = \
	man/links/dht_cancel.3 \
	man/links/dht_fd.3 \
	man/links/dht_start_drop.3 \
	man/links/dht_start_get.3 \
	man/links/dht_start_put.3 \
	man/links/dht_start_watch.3 \
	man/links/dht_timeout_ms.3
man_put_links = man/links/dht_drop.3

nodist_man_MANS = $(man_get_links) $(man_hash_links) $(man_open_links) $(man_ping_links) \
	$(man_process_links) $(man_put_links)
CLEANFILES += $(nodist_man_MANS)

man_link = $(AM_V_GEN)$(MKDIR_P) man/links && echo ".so man3/`basename '$<'`" >'$@'
$(man_get_links): man/dht_get.3
	$(man_link)
$(man_hash_links): man/dht_hash_parse.3
	$(man_link)
$(man_open_links): man/dht_open.3
	$(man_link)
$(man_ping_links): man/dht_ping.3
	$(man_link)
$(man_process_links): man/dht_process.3
	$(man_link)
$(man_put_links): man/dht_put.3
	$(man_link)

EXTRA_DIST += man/update.py
