# SPDX-License-Identifier: BSD-2-Clause
# The long ones first: make check -j then ends sooner.
system_tests += \
	tests/system/test_flood.py \
	tests/system/test_growth.py \
	tests/system/test_crowd.py \
	tests/system/test_control.py \
	tests/system/test_watch.py \
	tests/system/test_lifetime.py \
	tests/system/test_loss.py \
	tests/system/test_failover.py \
	tests/system/test_frozen.py \
	tests/system/test_kill.py \
	tests/system/test_nemesis.py \
	tests/system/test_addresses.py \
	tests/system/test_base_messages.py \
	tests/system/test_base_peers.py \
	tests/system/test_cli.py \
	tests/system/test_cluster.py \
	tests/system/test_keys.py \
	tests/system/test_members.py \
	tests/system/test_config.py \
	tests/system/test_dhtctl.py \
	tests/system/test_drain.py \
	tests/system/test_extended.py \
	tests/system/test_folder.py \
	tests/system/test_policy.py \
	tests/system/test_proof.py \
	tests/system/test_rates.py \
	tests/system/test_reload.py \
	tests/system/test_replay.py \
	tests/system/test_stop.py

EXTRA_DIST += $(system_tests) \
	tests/system/fleet.py \
	tests/system/golden \
	tests/system/judge.py \
	tests/system/lab.py \
	tests/system/ledger.py \
	tests/system/nemesis.py \
	tests/system/raw.py \
	tests/system/varlink.py
