# SPDX-License-Identifier: BSD-2-Clause
"""A whole folder's files are announced, found and dropped, each with one command.

5000 small files of its own; DHT_FOLDER names a real folder to take instead.
"""
import json
import os
import pathlib
import tempfile
import time

import lab

COUNT = 5000


class Folder(lab.LabTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        given = os.environ.get("DHT_FOLDER")
        if given:
            cls.folder = pathlib.Path(given)
            return
        temporary = tempfile.TemporaryDirectory(prefix="dht-lab-")
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = pathlib.Path(temporary.name)
        for i in range(COUNT):
            path = cls.folder / f"{i % 50}" / f"file {i}"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(i.to_bytes(4, "big") * (i % 300))
        (cls.folder / "link").symlink_to("/etc")

    def run_dht(self, *arguments):
        start = time.monotonic()
        run = lab.dht("-S", self.server.address, *arguments, seconds=550)
        return run, time.monotonic() - start

    def test_folder(self):
        hashes, hashing = self.run_dht("hash", "--dir", self.folder)
        self.assertIn(hashes.returncode, (0, 7), hashes.stderr)
        different = {line.split()[0] for line in hashes.stdout.splitlines()}
        before = self.server.stats()
        put, putting = self.run_dht("put", "--dir", self.folder, "--port", "8080")
        self.assertEqual(put.returncode, hashes.returncode, put.stderr)
        self.assertEqual(self.server.stats()["records"] - before["records"], len(different))
        got, getting = self.run_dht("-o", "json", "get", "--dir", self.folder)
        self.assertEqual(got.returncode, hashes.returncode, got.stderr)
        results = json.loads(got.stdout)["results"]
        self.assertEqual({one["hash"] for one in results}, different)
        for one in results:
            self.assertEqual([(p["ip"], p["port"]) for p in one["providers"]],
                             [("127.0.0.1", 8080)])
        after = self.server.stats()
        datagrams = sum(after["requests"].values()) - sum(before["requests"].values())
        drop, dropping = self.run_dht("drop", "--dir", self.folder, "--port", "8080")
        self.assertEqual(drop.returncode, hashes.returncode, drop.stderr)
        self.assertEqual(self.server.stats()["records"], before["records"])
        print(f"\n{len(different)} different files: hashing {hashing:.2f} s, put {putting:.2f} s, "
              f"get {getting:.2f} s, drop {dropping:.2f} s; {datagrams} requests for put and get")
        self.assertLess(datagrams, len(different) / 5 + 100, "many hashes go in one datagram")

    def test_nothing_in_it(self):
        with tempfile.TemporaryDirectory(prefix="dht-lab-") as empty:
            run, _ = self.run_dht("put", "--dir", empty)
            self.assertLessEqual(len(run.stderr.splitlines()), 1)
            run, _ = self.run_dht("put", "--dir", empty + "/none")
            self.assertIn(run.returncode, (1, 7))
            self.assertIn("none", run.stderr)

    def test_a_file_that_cannot_be_read(self):
        with tempfile.TemporaryDirectory(prefix="dht-lab-") as folder:
            for i in range(3):
                (pathlib.Path(folder) / f"good {i}").write_text(f"{i} {time.time()}")
            good, _ = self.run_dht("put", "--dir", folder)
            self.assertEqual(good.returncode, 0)
            run, _ = self.run_dht("put", "--dir", folder, "--file", folder + "/none")
            self.assertEqual(run.returncode, 7, "done in part")
            self.assertIn("none", run.stderr)


if __name__ == "__main__":
    lab.main()
