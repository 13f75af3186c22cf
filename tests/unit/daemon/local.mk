# SPDX-License-Identifier: BSD-2-Clause
check_PROGRAMS += \
	tests/unit/daemon/test_admin \
	tests/unit/daemon/test_admin_cluster \
	tests/unit/daemon/test_census \
	tests/unit/daemon/test_cluster_keys \
	tests/unit/daemon/test_cmdline \
	tests/unit/daemon/test_conf \
	tests/unit/daemon/test_conf_check \
	tests/unit/daemon/test_conf_diff \
	tests/unit/daemon/test_conf_json \
	tests/unit/daemon/test_conf_print \
	tests/unit/daemon/test_conf_syntax \
	tests/unit/daemon/test_conf_text \
	tests/unit/daemon/test_control \
	tests/unit/daemon/test_control_client \
	tests/unit/daemon/test_control_service \
	tests/unit/daemon/test_control_socket \
	tests/unit/daemon/test_daemon \
	tests/unit/daemon/test_explained \
	tests/unit/daemon/test_faults \
	tests/unit/daemon/test_given \
	tests/unit/daemon/test_health \
	tests/unit/daemon/test_key_file \
	tests/unit/daemon/test_keyring \
	tests/unit/daemon/test_listeners \
	tests/unit/daemon/test_log \
	tests/unit/daemon/test_log_json \
	tests/unit/daemon/test_log_out \
	tests/unit/daemon/test_log_ring \
	tests/unit/daemon/test_log_text \
	tests/unit/daemon/test_loop \
	tests/unit/daemon/test_member_news \
	tests/unit/daemon/test_notify \
	tests/unit/daemon/test_param \
	tests/unit/daemon/test_parcels \
	tests/unit/daemon/test_peer_sockets \
	tests/unit/daemon/test_placement \
	tests/unit/daemon/test_policy \
	tests/unit/daemon/test_probe \
	tests/unit/daemon/test_readable \
	tests/unit/daemon/test_secret \
	tests/unit/daemon/test_seeds \
	tests/unit/daemon/test_server_name \
	tests/unit/daemon/test_settings \
	tests/unit/daemon/test_statsjson \
	tests/unit/daemon/test_thread \
	tests/unit/daemon/test_udp \
	tests/unit/daemon/test_value \
	tests/unit/daemon/test_value_hint \
	tests/unit/daemon/test_varlink \
	tests/unit/daemon/test_warden \
	tests/unit/daemon/test_watchdog \
	tests/unit/daemon/test_worker

daemon_test_ldadd = libdaemon.la libcore.la $(CONFIG_LIBS) $(SODIUM_LIBS) $(SYSTEMD_LIBS) \
	$(JANSSON_LIBS) $(URCU_LIBS) $(CMOCKA_LIBS) -lpthread
daemon_test_headers = tests/unit/unit.h tests/unit/daemon/folder.h tests/unit/daemon/lab.h \
	tests/unit/daemon/own_folder.h

tests_unit_daemon_test_admin_SOURCES = tests/unit/daemon/test_admin.c $(daemon_test_headers)
tests_unit_daemon_test_admin_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_admin_cluster_SOURCES = tests/unit/daemon/test_admin_cluster.c \
	tests/unit/unit.h
tests_unit_daemon_test_admin_cluster_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_census_SOURCES = tests/unit/daemon/test_census.c tests/unit/unit.h
tests_unit_daemon_test_census_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_cluster_keys_SOURCES = tests/unit/daemon/test_cluster_keys.c \
	$(daemon_test_headers)
tests_unit_daemon_test_cluster_keys_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_cmdline_SOURCES = tests/unit/daemon/test_cmdline.c $(daemon_test_headers)
tests_unit_daemon_test_cmdline_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_conf_SOURCES = tests/unit/daemon/test_conf.c $(daemon_test_headers)
tests_unit_daemon_test_conf_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_conf_check_SOURCES = tests/unit/daemon/test_conf_check.c $(daemon_test_headers)
tests_unit_daemon_test_conf_check_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_conf_diff_SOURCES = tests/unit/daemon/test_conf_diff.c $(daemon_test_headers)
tests_unit_daemon_test_conf_diff_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_conf_json_SOURCES = tests/unit/daemon/test_conf_json.c $(daemon_test_headers)
tests_unit_daemon_test_conf_json_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_conf_print_SOURCES = tests/unit/daemon/test_conf_print.c $(daemon_test_headers)
tests_unit_daemon_test_conf_print_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_conf_syntax_SOURCES = tests/unit/daemon/test_conf_syntax.c $(daemon_test_headers)
tests_unit_daemon_test_conf_syntax_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_conf_text_SOURCES = tests/unit/daemon/test_conf_text.c $(daemon_test_headers)
tests_unit_daemon_test_conf_text_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_control_SOURCES = tests/unit/daemon/test_control.c $(daemon_test_headers)
tests_unit_daemon_test_control_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_control_client_SOURCES = tests/unit/daemon/test_control_client.c $(daemon_test_headers)
tests_unit_daemon_test_control_client_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_control_service_SOURCES = tests/unit/daemon/test_control_service.c $(daemon_test_headers)
tests_unit_daemon_test_control_service_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_control_socket_SOURCES = tests/unit/daemon/test_control_socket.c $(daemon_test_headers)
tests_unit_daemon_test_control_socket_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_daemon_SOURCES = tests/unit/daemon/test_daemon.c $(daemon_test_headers)
tests_unit_daemon_test_daemon_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_explained_SOURCES = tests/unit/daemon/test_explained.c tests/unit/unit.h
tests_unit_daemon_test_explained_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_faults_SOURCES = tests/unit/daemon/test_faults.c $(daemon_test_headers)
tests_unit_daemon_test_faults_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_given_SOURCES = tests/unit/daemon/test_given.c $(daemon_test_headers)
tests_unit_daemon_test_given_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_health_SOURCES = tests/unit/daemon/test_health.c $(daemon_test_headers)
tests_unit_daemon_test_health_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_key_file_SOURCES = tests/unit/daemon/test_key_file.c $(daemon_test_headers)
tests_unit_daemon_test_key_file_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_keyring_SOURCES = tests/unit/daemon/test_keyring.c tests/unit/unit.h
tests_unit_daemon_test_keyring_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_listeners_SOURCES = tests/unit/daemon/test_listeners.c $(daemon_test_headers)
tests_unit_daemon_test_listeners_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_log_SOURCES = tests/unit/daemon/test_log.c $(daemon_test_headers)
tests_unit_daemon_test_log_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_log_json_SOURCES = tests/unit/daemon/test_log_json.c $(daemon_test_headers)
tests_unit_daemon_test_log_json_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_log_out_SOURCES = tests/unit/daemon/test_log_out.c $(daemon_test_headers)
tests_unit_daemon_test_log_out_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_log_ring_SOURCES = tests/unit/daemon/test_log_ring.c $(daemon_test_headers)
tests_unit_daemon_test_log_ring_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_log_text_SOURCES = tests/unit/daemon/test_log_text.c $(daemon_test_headers)
tests_unit_daemon_test_log_text_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_loop_SOURCES = tests/unit/daemon/test_loop.c $(daemon_test_headers)
tests_unit_daemon_test_loop_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_member_news_SOURCES = tests/unit/daemon/test_member_news.c tests/unit/unit.h
tests_unit_daemon_test_member_news_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_notify_SOURCES = tests/unit/daemon/test_notify.c $(daemon_test_headers)
tests_unit_daemon_test_notify_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_param_SOURCES = tests/unit/daemon/test_param.c $(daemon_test_headers)
tests_unit_daemon_test_param_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_parcels_SOURCES = tests/unit/daemon/test_parcels.c tests/unit/unit.h
tests_unit_daemon_test_parcels_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_peer_sockets_SOURCES = tests/unit/daemon/test_peer_sockets.c $(daemon_test_headers)
tests_unit_daemon_test_peer_sockets_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_placement_SOURCES = tests/unit/daemon/test_placement.c tests/unit/unit.h
tests_unit_daemon_test_placement_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_policy_SOURCES = tests/unit/daemon/test_policy.c $(daemon_test_headers)
tests_unit_daemon_test_policy_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_probe_SOURCES = tests/unit/daemon/test_probe.c $(daemon_test_headers)
tests_unit_daemon_test_probe_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_readable_SOURCES = tests/unit/daemon/test_readable.c $(daemon_test_headers)
tests_unit_daemon_test_readable_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_secret_SOURCES = tests/unit/daemon/test_secret.c $(daemon_test_headers)
tests_unit_daemon_test_secret_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_seeds_SOURCES = tests/unit/daemon/test_seeds.c tests/unit/unit.h
tests_unit_daemon_test_seeds_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_server_name_SOURCES = tests/unit/daemon/test_server_name.c $(daemon_test_headers)
tests_unit_daemon_test_server_name_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_settings_SOURCES = tests/unit/daemon/test_settings.c $(daemon_test_headers)
tests_unit_daemon_test_settings_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_statsjson_SOURCES = tests/unit/daemon/test_statsjson.c $(daemon_test_headers)
tests_unit_daemon_test_statsjson_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_thread_SOURCES = tests/unit/daemon/test_thread.c $(daemon_test_headers)
tests_unit_daemon_test_thread_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_udp_SOURCES = tests/unit/daemon/test_udp.c $(daemon_test_headers)
tests_unit_daemon_test_udp_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_value_SOURCES = tests/unit/daemon/test_value.c $(daemon_test_headers)
tests_unit_daemon_test_value_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_value_hint_SOURCES = tests/unit/daemon/test_value_hint.c $(daemon_test_headers)
tests_unit_daemon_test_value_hint_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_varlink_SOURCES = tests/unit/daemon/test_varlink.c $(daemon_test_headers)
tests_unit_daemon_test_varlink_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_warden_SOURCES = tests/unit/daemon/test_warden.c $(daemon_test_headers)
tests_unit_daemon_test_warden_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_watchdog_SOURCES = tests/unit/daemon/test_watchdog.c $(daemon_test_headers)
tests_unit_daemon_test_watchdog_LDADD = $(daemon_test_ldadd)

tests_unit_daemon_test_worker_SOURCES = tests/unit/daemon/test_worker.c $(daemon_test_headers)
tests_unit_daemon_test_worker_LDADD = $(daemon_test_ldadd)
