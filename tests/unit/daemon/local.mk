# SPDX-License-Identifier: BSD-2-Clause
check_PROGRAMS += \
	tests/unit/daemon/test_cmdline \
	tests/unit/daemon/test_conf \
	tests/unit/daemon/test_conf_check \
	tests/unit/daemon/test_conf_print \
	tests/unit/daemon/test_conf_text \
	tests/unit/daemon/test_daemon \
	tests/unit/daemon/test_faults \
	tests/unit/daemon/test_listeners \
	tests/unit/daemon/test_log \
	tests/unit/daemon/test_loop \
	tests/unit/daemon/test_policy \
	tests/unit/daemon/test_secret \
	tests/unit/daemon/test_settings \
	tests/unit/daemon/test_statsjson \
	tests/unit/daemon/test_udp \
	tests/unit/daemon/test_value \
	tests/unit/daemon/test_warden \
	tests/unit/daemon/test_worker

daemon_test_ldadd = libdaemon.la libcore.la $(CONFIG_LIBS) $(SODIUM_LIBS) $(SYSTEMD_LIBS) \
	$(JANSSON_LIBS) $(CMOCKA_LIBS) -lpthread
daemon_test_headers = tests/unit/unit.h tests/unit/daemon/folder.h \
	tests/unit/daemon/own_folder.h

tests_unit_daemon_test_cmdline_SOURCES = tests/unit/daemon/test_cmdline.c $(daemon_test_headers)
tests_unit_daemon_test_cmdline_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_conf_SOURCES = tests/unit/daemon/test_conf.c $(daemon_test_headers)
tests_unit_daemon_test_conf_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_conf_check_SOURCES = tests/unit/daemon/test_conf_check.c $(daemon_test_headers)
tests_unit_daemon_test_conf_check_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_conf_print_SOURCES = tests/unit/daemon/test_conf_print.c $(daemon_test_headers)
tests_unit_daemon_test_conf_print_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_conf_text_SOURCES = tests/unit/daemon/test_conf_text.c $(daemon_test_headers)
tests_unit_daemon_test_conf_text_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_daemon_SOURCES = tests/unit/daemon/test_daemon.c $(daemon_test_headers)
tests_unit_daemon_test_daemon_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_faults_SOURCES = tests/unit/daemon/test_faults.c $(daemon_test_headers)
tests_unit_daemon_test_faults_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_listeners_SOURCES = tests/unit/daemon/test_listeners.c $(daemon_test_headers)
tests_unit_daemon_test_listeners_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_log_SOURCES = tests/unit/daemon/test_log.c $(daemon_test_headers)
tests_unit_daemon_test_log_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_loop_SOURCES = tests/unit/daemon/test_loop.c $(daemon_test_headers)
tests_unit_daemon_test_loop_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_policy_SOURCES = tests/unit/daemon/test_policy.c $(daemon_test_headers)
tests_unit_daemon_test_policy_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_secret_SOURCES = tests/unit/daemon/test_secret.c $(daemon_test_headers)
tests_unit_daemon_test_secret_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_settings_SOURCES = tests/unit/daemon/test_settings.c $(daemon_test_headers)
tests_unit_daemon_test_settings_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_statsjson_SOURCES = tests/unit/daemon/test_statsjson.c $(daemon_test_headers)
tests_unit_daemon_test_statsjson_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_udp_SOURCES = tests/unit/daemon/test_udp.c $(daemon_test_headers)
tests_unit_daemon_test_udp_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_value_SOURCES = tests/unit/daemon/test_value.c $(daemon_test_headers)
tests_unit_daemon_test_value_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_warden_SOURCES = tests/unit/daemon/test_warden.c $(daemon_test_headers)
tests_unit_daemon_test_warden_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_worker_SOURCES = tests/unit/daemon/test_worker.c $(daemon_test_headers)
tests_unit_daemon_test_worker_LDADD = $(daemon_test_ldadd)
