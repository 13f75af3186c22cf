# SPDX-License-Identifier: BSD-2-Clause
# dht.service and dht@.service are one text; an instance has its own configuration and folders.
systemd_edit = sed -e 's,@bindir\@,$(bindir),g' -e 's,@sbindir\@,$(sbindir),g' \
	-e 's,@sysconfdir\@,$(sysconfdir),g'
systemd_one = -e 's,@unit\@,dht,g' -e 's,@of\@,,g' -e 's,@instance\@,,g' \
	-e 's,@arguments\@,,g' -e 's,@socket\@,,g'
systemd_many = -e 's,@unit\@,dht@,g' -e 's,@of\@, (%i),g' -e 's,@instance\@,-%i,g' \
	-e 's,@arguments\@, -c $(sysconfdir)/dht/%i.conf --control %t/dht-%i/control,g' \
	-e 's,@socket\@, -s %t/dht-%i/control,g'

systemdsystemunit_DATA = \
	systemd/dht-wait-online.service \
	systemd/dht.service \
	systemd/dht@.service
CLEANFILES += $(systemdsystemunit_DATA)

systemd/dht-wait-online.service: systemd/dht-wait-online.service.in Makefile
	@$(MKDIR_P) systemd
	$(AM_V_GEN)$(systemd_edit) '$(srcdir)/systemd/dht-wait-online.service.in' >'$@'
systemd/dht.service: systemd/dht.service.in Makefile
	@$(MKDIR_P) systemd
	$(AM_V_GEN)$(systemd_edit) $(systemd_one) '$(srcdir)/systemd/dht.service.in' >'$@'
systemd/dht@.service: systemd/dht.service.in Makefile
	@$(MKDIR_P) systemd
	$(AM_V_GEN)$(systemd_edit) $(systemd_many) '$(srcdir)/systemd/dht.service.in' >'$@'

dist_sysusers_DATA = systemd/sysusers.d/dht.conf
dist_tmpfiles_DATA = systemd/tmpfiles.d/dht.conf
dist_catalog_DATA = systemd/dht.catalog

examplesdir = $(docdir)/examples
dist_examples_DATA = \
	etc/client.ini \
	systemd/examples/90-dht.conf \
	systemd/examples/admin-group.conf \
	systemd/examples/notify-reload.conf

EXTRA_DIST += \
	systemd/dht-wait-online.service.in \
	systemd/dht.service.in
