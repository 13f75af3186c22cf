# SPDX-License-Identifier: BSD-2-Clause
check_PROGRAMS += \
	tests/unit/tools/test_admin \
	tests/unit/tools/test_announce \
	tests/unit/tools/test_child \
	tests/unit/tools/test_commands \
	tests/unit/tools/test_commands_cluster \
	tests/unit/tools/test_connect \
	tests/unit/tools/test_console \
	tests/unit/tools/test_fault \
	tests/unit/tools/test_files \
	tests/unit/tools/test_histogram \
	tests/unit/tools/test_input \
	tests/unit/tools/test_interrupt \
	tests/unit/tools/test_load \
	tests/unit/tools/test_opts \
	tests/unit/tools/test_profile \
	tests/unit/tools/test_rates \
	tests/unit/tools/test_report \
	tests/unit/tools/test_secret \
	tests/unit/tools/test_session \
	tests/unit/tools/test_subcommand \
	tests/unit/tools/test_terminal \
	tests/unit/tools/test_text \
	tests/unit/tools/test_varlink_call \
	tests/unit/tools/test_varlink_reply \
	tests/unit/tools/test_writer \
	tests/unit/tools/test_writer_flat \
	tests/unit/tools/test_writer_json \
	tests/unit/tools/test_writer_plain \
	tests/unit/tools/test_writer_table

tools_test_ldadd = libdhttool.la libtools.la libdht.la $(INIH_LIBS) $(JANSSON_LIBS) $(CMOCKA_LIBS) \
	-lpthread
tools_test_headers = tests/unit/unit.h tests/unit/tools/render.h tests/unit/tools/scratch.h

dhtctl_test_ldadd = libdhtctltool.la libtools.la libdht.la $(SODIUM_LIBS) $(JANSSON_LIBS) \
	$(CMOCKA_LIBS) -lpthread
dhtctl_test_headers = $(tools_test_headers) tests/unit/tools/service.h

tests_unit_tools_test_admin_SOURCES = tests/unit/tools/test_admin.c $(dhtctl_test_headers)
tests_unit_tools_test_admin_LDADD = $(dhtctl_test_ldadd)

tests_unit_tools_test_announce_SOURCES = tests/unit/tools/test_announce.c $(tools_test_headers)
tests_unit_tools_test_announce_LDADD = $(tools_test_ldadd)

tests_unit_tools_test_child_SOURCES = tests/unit/tools/test_child.c $(dhtctl_test_headers)
tests_unit_tools_test_child_LDADD = $(dhtctl_test_ldadd)

tests_unit_tools_test_commands_SOURCES = tests/unit/tools/test_commands.c \
	tests/unit/tools/command.h $(dhtctl_test_headers)
tests_unit_tools_test_commands_LDADD = $(dhtctl_test_ldadd)

tests_unit_tools_test_commands_cluster_SOURCES = tests/unit/tools/test_commands_cluster.c \
	tests/unit/tools/command.h $(dhtctl_test_headers)
tests_unit_tools_test_commands_cluster_LDADD = $(dhtctl_test_ldadd)

tests_unit_tools_test_connect_SOURCES = tests/unit/tools/test_connect.c $(tools_test_headers)
tests_unit_tools_test_connect_LDADD = $(tools_test_ldadd)

tests_unit_tools_test_console_SOURCES = tests/unit/tools/test_console.c $(tools_test_headers)
tests_unit_tools_test_console_LDADD = $(tools_test_ldadd)

tests_unit_tools_test_fault_SOURCES = tests/unit/tools/test_fault.c $(tools_test_headers)
tests_unit_tools_test_fault_LDADD = $(tools_test_ldadd)

tests_unit_tools_test_files_SOURCES = tests/unit/tools/test_files.c $(tools_test_headers)
tests_unit_tools_test_files_LDADD = $(tools_test_ldadd)

tests_unit_tools_test_histogram_SOURCES = tests/unit/tools/test_histogram.c $(tools_test_headers)
tests_unit_tools_test_histogram_LDADD = $(tools_test_ldadd)

tests_unit_tools_test_input_SOURCES = tests/unit/tools/test_input.c $(tools_test_headers)
tests_unit_tools_test_input_LDADD = $(tools_test_ldadd)

tests_unit_tools_test_interrupt_SOURCES = tests/unit/tools/test_interrupt.c $(dhtctl_test_headers)
tests_unit_tools_test_interrupt_LDADD = $(dhtctl_test_ldadd)

tests_unit_tools_test_load_SOURCES = tests/unit/tools/test_load.c $(tools_test_headers)
tests_unit_tools_test_load_LDADD = $(tools_test_ldadd)

tests_unit_tools_test_opts_SOURCES = tests/unit/tools/test_opts.c $(tools_test_headers)
tests_unit_tools_test_opts_LDADD = $(tools_test_ldadd)

tests_unit_tools_test_profile_SOURCES = tests/unit/tools/test_profile.c $(tools_test_headers)
tests_unit_tools_test_profile_LDADD = $(tools_test_ldadd)

tests_unit_tools_test_rates_SOURCES = tests/unit/tools/test_rates.c $(dhtctl_test_headers)
tests_unit_tools_test_rates_LDADD = $(dhtctl_test_ldadd)

tests_unit_tools_test_report_SOURCES = tests/unit/tools/test_report.c $(dhtctl_test_headers)
tests_unit_tools_test_report_LDADD = $(dhtctl_test_ldadd)

tests_unit_tools_test_secret_SOURCES = tests/unit/tools/test_secret.c $(tools_test_headers)
tests_unit_tools_test_secret_LDADD = $(tools_test_ldadd)

tests_unit_tools_test_session_SOURCES = tests/unit/tools/test_session.c $(tools_test_headers)
tests_unit_tools_test_session_LDADD = $(tools_test_ldadd)

tests_unit_tools_test_subcommand_SOURCES = tests/unit/tools/test_subcommand.c $(tools_test_headers)
tests_unit_tools_test_subcommand_LDADD = $(tools_test_ldadd)

tests_unit_tools_test_terminal_SOURCES = tests/unit/tools/test_terminal.c $(tools_test_headers)
tests_unit_tools_test_terminal_LDADD = $(tools_test_ldadd)

tests_unit_tools_test_text_SOURCES = tests/unit/tools/test_text.c $(tools_test_headers)
tests_unit_tools_test_text_LDADD = $(tools_test_ldadd)

tests_unit_tools_test_varlink_call_SOURCES = tests/unit/tools/test_varlink_call.c $(dhtctl_test_headers)
tests_unit_tools_test_varlink_call_LDADD = $(dhtctl_test_ldadd)

tests_unit_tools_test_varlink_reply_SOURCES = tests/unit/tools/test_varlink_reply.c $(dhtctl_test_headers)
tests_unit_tools_test_varlink_reply_LDADD = $(dhtctl_test_ldadd)

tests_unit_tools_test_writer_SOURCES = tests/unit/tools/test_writer.c $(tools_test_headers)
tests_unit_tools_test_writer_LDADD = $(tools_test_ldadd)

tests_unit_tools_test_writer_flat_SOURCES = tests/unit/tools/test_writer_flat.c $(tools_test_headers)
tests_unit_tools_test_writer_flat_LDADD = $(tools_test_ldadd)

tests_unit_tools_test_writer_json_SOURCES = tests/unit/tools/test_writer_json.c $(tools_test_headers)
tests_unit_tools_test_writer_json_LDADD = $(tools_test_ldadd)

tests_unit_tools_test_writer_plain_SOURCES = tests/unit/tools/test_writer_plain.c $(tools_test_headers)
tests_unit_tools_test_writer_plain_LDADD = $(tools_test_ldadd)

tests_unit_tools_test_writer_table_SOURCES = tests/unit/tools/test_writer_table.c $(tools_test_headers)
tests_unit_tools_test_writer_table_LDADD = $(tools_test_ldadd)
