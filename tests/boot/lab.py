# SPDX-License-Identifier: BSD-2-Clause
"""A real systemd, booted in a container on this machine, for the tests of what an operator meets.

Three things are owned here:

- The base root: Debian 12 with systemd and the libraries that dht's packages depend on, made by
  debootstrap from the mirror that this machine's own apt uses, so that apt works inside without a
  network. It is kept in DHT_BOOT_CACHE (/var/cache/dht-boot), one folder for each recipe; another
  recipe makes another folder, and the old one goes when no machine uses it.
- A guard for each machine, a shell in a mount namespace of its own: the machine's root (the base
  under an overlay whose upper side is a tmpfs), and its control groups. When the test ends, in
  whatever way, the guard's standard input ends; it kills what is in its groups, removes them and
  ends, and the mounts are gone with its namespace. No mount is ever seen outside.
- The machine: systemd-nspawn around the overlay, with a loopback interface and nothing else.

What always holds: every wait is bounded, and only processes in the machine's own groups are
signalled. Needs root; why_not() says what else is missing, as the reason for status 77.

Limits: where the controllers are on the old hierarchies (cgroup v1), the machine has cpu, cpuacct,
pids and devices (CPUQuota= and TasksMax= work) but not memory, and IPAddressDeny= does nothing;
where all is cgroup v2, it has what the root group can give: see Machine.controllers(). A machine
has the host's kernel, clock and sysctls outside the network's. What is written in a machine is in
memory, lives across start() and poweroff(), and ends with it. A machine in a machine boots too, if
the outer one has CAP_NET_ADMIN.
"""
import atexit
import collections
import contextlib
import ctypes
import errno
import faulthandler
import fcntl
import functools
import hashlib
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

SUITE = "bookworm"
CACHE = pathlib.Path(os.environ.get("DHT_BOOT_CACHE") or "/var/cache/dht-boot")
PATIENCE = 10  # seconds that anything may take that usually takes none
BOOT = 60  # seconds for a boot, and for a shutdown
BUILD_BASE = 900  # seconds for debootstrap
LIMIT = int(os.environ.get("DHT_TEST_LIMIT", "600"))  # seconds for one file of tests

SYSTEM = ("systemd", "systemd-sysv", "dbus", "python3", "procps", "iproute2", "adduser")
LIBRARIES = ("libconfig9", "libinih1", "libsodium23", "libjansson4", "libsystemd0", "liburcu8",
             "liblmdb0", "libmicrohttpd12")
# Nothing runs in a machine behind the test's back: no getty, no timer that would lock dpkg.
MASKED = ("console-getty.service", "apt-daily.timer", "apt-daily-upgrade.timer",
          "dpkg-db-backup.timer", "e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer")
PROGRAMS = {"systemd-nspawn": "systemd-container", "unshare": "util-linux",
            "nsenter": "util-linux", "apt-get": "apt", "apt-config": "apt"}

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
               "HOME": "/root", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive",
               "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": "", "SYSTEMD_LESS": ""}
# What root must be allowed: network set-up for the loopback, mounts and namespaces, freeze.py.
CAPABILITIES = {"CAP_NET_ADMIN": 12, "CAP_SYS_PTRACE": 19, "CAP_SYS_ADMIN": 21, "CAP_MKNOD": 27}
PROXIES = ("http_proxy", "https_proxy", "no_proxy")

CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1

# The hierarchies of cgroup v1 that a machine gets a group of its own in; memory is not among them,
# because whoever runs the tests may be held in a group there, and must find it as it was.
_OURS = """
ours() {
	case $1 in
	cgroup2) return 0 ;;
	cgroup) ;;
	*) return 1 ;;
	esac
	case ",$2," in
	*,cpu,* | *,cpuacct,* | *,pids,* | *,devices,* | *,name=systemd,*) return 0 ;;
	esac
	return 1
}
"""

# $1 name, $2 base, $3 where to mount, $4 the process that it works for.
GUARD = _OURS + """
set -eu
trap '' HUP INT TERM
name=$1 base=$2 place=$3 groups=
clean() {
	set +e
	for _ in $(seq 200); do
		pids=$(find $groups -name cgroup.procs -exec cat {} + 2>/dev/null | sort -u)
		[ -n "$pids" ] || break
		kill -KILL $pids 2>/dev/null
		sleep 0.02
	done
	[ -z "$groups" ] || find $groups -depth -type d -exec rmdir {} \\; 2>/dev/null
}
trap clean EXIT
mkdir -p /run/systemd/nspawn
mount -t tmpfs -o mode=0755 tmpfs /run/systemd/nspawn
mount -t tmpfs -o mode=0700 tmpfs "$place"
mkdir -m 0755 "$place/upper" "$place/work" "$place/root"
mount -t overlay -o "lowerdir=$base,upperdir=$place/upper,workdir=$place/work" \\
	overlay "$place/root" 2>/dev/null || cp -a "$base/." "$place/root"
while read -r _ folder type options _; do
	ours "$type" "$options" || continue
	mount -o remount,bind,rw "$folder" 2>/dev/null || :
	for old in "$folder"/dht-boot-*; do
		owner=${old##*/dht-boot-}
		kill -0 "${owner%-*}" 2>/dev/null ||
			find "$old" -depth -type d -exec rmdir {} \\; 2>/dev/null || :
	done
	if [ "$type" = cgroup2 ]; then
		for one in $(cat "$folder/cgroup.controllers"); do
			echo "+$one" 2>/dev/null >"$folder/cgroup.subtree_control" || :
		done
	fi
	mkdir "$folder/$name" 2>/dev/null || continue
	groups="$groups $folder/$name"
done </proc/self/mounts
[ -n "$groups" ] || { echo "no control group can be made here"; exit 1; }
echo "ready$groups"
cat >/dev/null
"""

# $1 the groups, one a line; what follows is run in them. A group that is not there is none of ours.
JOIN = """
for group in $1; do
	echo $$ 2>/dev/null >"$group/cgroup.procs" || :
done
shift
exec "$@"
"""

# The machine's first program: nspawn leaves the old hierarchies' controllers read-only, and these
# are the machine's own groups.
INIT = "#!/bin/sh" + _OURS + """
while read -r _ folder type options _; do
	! ours "$type" "$options" || mount -o remount,bind,rw "$folder" || :
done </proc/self/mounts
exec /lib/systemd/systemd "$@"
"""

Pids = collections.namedtuple("Pids", "inside host")


def wait_for(condition, what, seconds=PATIENCE):
    """Waits until condition() gives something true, and gives that."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _output(*command):
    return subprocess.run(command, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, timeout=PATIENCE).stdout


# ---- The base root ----

@functools.cache
def _sources():
    """This machine's apt sources of the suite: ((address, release, components), …)."""
    rows = _output("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)",
                   "Created-By: Packages").splitlines()
    found = collections.defaultdict(list)
    for row in rows:
        address, release, component = row.split()
        if release in (SUITE, f"{SUITE}-updates", f"{SUITE}-security"):
            if component not in found[address, release]:
                found[address, release].append(component)
    return tuple((*key, " ".join(components)) for key, components in sorted(found.items()))


def _apt_files():
    """What makes apt inside fetch as it does here: {path: text}. No credentials are taken."""
    wanted = r"Acquire::(Check-|Retries|https?::(Proxy|Timeout|Pipeline))"
    options = [line for line in _output("apt-config", "dump").splitlines()
               if re.match(wanted, line)]
    return {"etc/apt/sources.list": "".join(f"deb {' '.join(row)}\n" for row in _sources()),
            "etc/apt/apt.conf.d/99lab": "".join(f"{line}\n" for line in options)}


def _files():
    """What a base has beyond its packages: {path: text}."""
    return {"usr/lib/dht-boot-init": INIT,
            "etc/hostname": "dht-boot\n",
            "etc/hosts": "127.0.0.1 localhost dht-boot\n::1 localhost\n",
            "etc/machine-id": ""}


def _recipe():
    """A name for exactly this base."""
    text = json.dumps([SUITE, SYSTEM, LIBRARIES, MASKED, _files()])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _finish(root):
    """Makes a debootstrapped root a base."""
    for path, text in {**_files(), **_apt_files()}.items():
        (root / path).write_text(text)
    (root / "usr/lib/dht-boot-init").chmod(0o755)
    for unit in MASKED:
        (root / "etc/systemd/system" / unit).symlink_to("/dev/null")
    for folder in ("var/cache/apt/archives", "var/lib/apt/lists"):
        shutil.rmtree(root / folder)
        (root / folder / "partial").mkdir(parents=True)
    authorities = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
    if authorities.exists():  # for a mirror that is reached by TLS
        (root / "etc/ssl/certs").mkdir(parents=True, exist_ok=True)
        shutil.copy(authorities, root / "etc/ssl/certs")


def _build(root):
    """Debootstraps the base as the folder root. Its processes and mounts end with this one."""
    mirror = next(address for address, release, _ in _sources() if release == SUITE)
    fresh = root.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    print(f"building {root}, once", file=sys.stderr, flush=True)
    run = subprocess.run(
        ["unshare", "--mount", "--propagation=private", "--pid", "--fork", "--kill-child",
         "--mount-proc", "debootstrap", "--variant=minbase",
         "--include=" + ",".join(SYSTEM + LIBRARIES), SUITE, str(fresh), mirror],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", timeout=BUILD_BASE, preexec_fn=_die_with_parent)
    if run.returncode:
        raise AssertionError(f"debootstrap: {run.stdout[-2000:]}")
    _finish(fresh)
    fresh.rename(root)


def _sweep(keep):
    """Removes the bases of other recipes that no machine uses."""
    for other in CACHE.glob("base-*"):
        if other == keep:
            continue
        with contextlib.suppress(OSError), _locked(other, fcntl.LOCK_EX | fcntl.LOCK_NB):
            shutil.rmtree(other, ignore_errors=True)


@contextlib.contextmanager
def _locked(path, how):
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, how)
        yield handle
    finally:
        os.close(handle)


def _take_base():
    """The base, built if need be, and a handle: it stays while the handle is open."""
    CACHE.mkdir(mode=0o700, parents=True, exist_ok=True)
    CACHE.chmod(0o700)
    (CACHE / "run").mkdir(exist_ok=True)
    root = CACHE / f"base-{_recipe()}"
    with _locked(CACHE, fcntl.LOCK_EX):
        if not root.exists():
            _sweep(root)
            _build(root)
        handle = os.open(root, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(handle, fcntl.LOCK_SH)
    return root, handle


# ---- Machines ----

_numbers = itertools.count()


class Machine:
    """One booted system. Made: its root is there, prepare() and apt() work in it; start(): it
    runs, and run() and its kin work; end(): nothing is left of it, which also happens when the
    test ends in any other way. A context manager. binds: {path here: path inside}, read-only."""

    def __init__(self, binds=None):
        self.name = f"dht-boot-{os.getpid()}-{next(_numbers)}"
        self.binds = dict(binds or {})
        self.nspawn = self.pid = None
        self.boot_seconds = None
        self.console = tempfile.TemporaryFile()
        base, self.lock = _take_base()
        self.guard = subprocess.Popen(
            ["unshare", "--mount", "--propagation=slave", "sh", "-c", GUARD, "guard",
             self.name, str(base), str(CACHE / "run")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            cwd="/", start_new_session=True)
        atexit.register(self.end)
        line = self.guard.stdout.readline()
        if not line.startswith("ready"):
            text = line + self.guard.communicate()[0]
            self.end()
            raise AssertionError(f"the guard could not start: {text}")
        self.groups = line.split()[1:]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def _outside(self, groups, *command):
        """A command line that runs in the guard's namespace and in some control groups."""
        return ["nsenter", "-t", str(self.guard.pid), "-m", "--wd", "sh", "-c", JOIN, "join",
                "\n".join(groups), *command]

    def _nspawn_line(self, *more):
        return ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--settings=no",
                "--link-journal=no", f"--machine={self.name}", f"--directory={CACHE}/run/root",
                "--timezone=off", *more]

    # -- Before the boot --

    def prepare(self, *command, network=False, check=True, seconds=300, stdin=None):
        """Runs a command in the root while the machine is down; network: with this machine's."""
        assert not self.nspawn, "the machine runs"
        options = ["--pipe", "--as-pid2"]
        options += ["--resolv-conf=replace-host"] if network else \
            ["--resolv-conf=off", "--private-network"]
        values = dict(ENVIRONMENT)
        if network:
            values.update((key, os.environ[key]) for key in PROXIES if key in os.environ)
        options += [f"--setenv={key}={value}" for key, value in values.items()]
        line = self._outside(self.groups, *self._nspawn_line(*options), *command)
        return _finished(line, check, seconds, stdin)

    def apt(self, *packages):
        """Installs packages from the mirror, before the boot."""
        for path, text in _apt_files().items():
            self.put(text, f"/{path}")
        self.prepare("apt-get", "-q", "update", network=True)
        self.prepare("apt-get", "-qy", "install", "--no-install-recommends", *packages,
                     network=True)

    # -- The boot --

    def start(self):
        """Boots, and gives the state: 'running', or 'degraded' when a unit failed."""
        assert not self.nspawn, "the machine runs"
        start = time.monotonic()
        binds = [f"--bind-ro={here}:{inside}" for here, inside in self.binds.items()]
        line = self._nspawn_line("--private-network", "--resolv-conf=off", "--console=read-only",
                                 "--kill-signal=SIGRTMIN+3", *binds, "/usr/lib/dht-boot-init")
        self.nspawn = subprocess.Popen(
            self._outside(self.groups, *line), stdin=subprocess.DEVNULL, stdout=self.console,
            stderr=subprocess.STDOUT, start_new_session=True)
        try:
            self.pid = wait_for(self._find_init, "systemd in the container", BOOT)
            state = wait_for(self._booted, "the boot", BOOT)
        except AssertionError as error:
            self.stop()
            raise AssertionError(f"{error}: {self.console_text()[-3000:]}") from None
        self.boot_seconds = time.monotonic() - start
        return state

    def _find_init(self):
        """The container's process 1, once it is systemd."""
        assert self.nspawn.poll() is None, f"nspawn ended with {self.nspawn.returncode}"
        for pid, status in _statuses():
            if int(status["PPid"]) == self.nspawn.pid and status["NSpid"].split()[-1] == "1" \
                    and status["Name"] == "systemd":
                return pid
        return None

    def _booted(self):
        assert self.nspawn.poll() is None, f"nspawn ended with {self.nspawn.returncode}"
        state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
        return state if state in ("running", "degraded") else None

    def console_text(self):
        """What nspawn and the machine's console said so far."""
        size = self.console.seek(0, os.SEEK_END)
        return os.pread(self.console.fileno(), size, 0).decode(errors="replace")

    # -- While it runs --

    def run(self, *command, check=True, seconds=60, user=None, env=None, stdin=None):
        """Runs a command inside to its end. stdin: text. Raises CalledProcessError (with the
        output in it) unless check is false, TimeoutExpired after seconds."""
        values = {**ENVIRONMENT, **(env or {})}
        line = ["nsenter", "-t", str(self.pid), "-a", "--root", "--wd", "env", "-i",
                *(f"{key}={value}" for key, value in values.items()),
                "timeout", "-s", "KILL", str(seconds)]
        if user:
            line += ["runuser", "-u", user, "--"]
        line = self._outside(_groups_of(self.pid, self.groups), *line, *map(str, command))
        return _finished(line, check, seconds, stdin)

    def path(self, inside):
        """Where this process finds a file of the machine (a socket, say). Absolute symbolic links
        on the way would lead astray: /run, not /var/run."""
        return pathlib.Path(f"/proc/{self.pid}/root") / str(inside).lstrip("/")

    def put(self, source, path, mode=0o644, owner="root", group="root"):
        """Makes a file inside, and the folders to it. source: a Path here, text or bytes."""
        data = source.read_bytes() if isinstance(source, pathlib.Path) else source
        data = data.encode() if isinstance(data, str) else data
        line = ["install", "-D", f"-m{mode:o}", f"-o{owner}", f"-g{group}", "/dev/stdin", str(path)]
        if self.nspawn:
            self.run(*line, stdin=data)
        else:
            self.prepare(*line, stdin=data)

    def put_tree(self, folder, path="/"):
        """Copies a folder's contents into one inside, as root's."""
        tar = subprocess.run(["tar", "-C", str(folder), "--owner=root:0", "--group=root:0", "-c",
                              "."], stdout=subprocess.PIPE, check=True, timeout=60)
        line = ["tar", "-C", str(path), "--no-overwrite-dir", "-x"]
        if self.nspawn:
            self.run(*line, stdin=tar.stdout)
        else:
            self.prepare(*line, stdin=tar.stdout)

    def install(self, *packages, check=True):
        """Gives apt some .deb files from here; there is no network to fetch more."""
        paths = []
        for package in map(pathlib.Path, packages):
            paths.append(f"/var/tmp/{package.name}")
            self.put(package, paths[-1])
        return self.run("apt-get", "-qy", "install", *paths, check=check,
                        seconds=120)

    def show(self, unit, *properties):
        """Properties of a unit, as systemctl shows them: {name: text}."""
        text = self.run("systemctl", "show", unit, *(f"-p{name}" for name in properties)).stdout
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def pid_of(self, unit):
        """The main process of a unit, as numbered inside and here; None when it has none."""
        inside = int(self.show(unit, "MainPID")["MainPID"])
        return Pids(inside, self.host_pid(inside)) if inside else None

    def host_pid(self, inside):
        """The number here of a process of the machine."""
        home = os.readlink(f"/proc/{self.pid}/ns/pid")
        for pid, status in _statuses():
            if status["NSpid"].split()[-1] == str(inside):
                with contextlib.suppress(OSError):
                    if os.readlink(f"/proc/{pid}/ns/pid") == home:
                        return pid
        raise ProcessLookupError(errno.ESRCH, f"no process {inside} in the machine")

    def journal(self, unit=None, *more):
        """The journal's entries, each a dict of its fields; more: arguments of journalctl."""
        line = ["journalctl", "--no-pager", "--quiet", "-o", "json", "--all"]
        line += ["-u", unit] if unit else []
        self.run("journalctl", "--sync")
        return [json.loads(row) for row in self.run(*line, *more).stdout.splitlines()]

    def controllers(self):
        """The resource controllers that work inside: {'cpu', 'pids', …}."""
        found = set()
        for group in self.groups:
            if os.path.exists(f"{group}/cgroup.controllers"):
                names = pathlib.Path(f"{group}/cgroup.controllers").read_text().split()
            else:
                names = os.path.basename(os.path.dirname(group)).split(",")
            found.update(names)
        return found - {"systemd"}

    def socket(self, family, kind):
        """A socket of this process's in the machine's network."""
        made = []

        def work():
            with open(f"/proc/{self.pid}/ns/net") as space:
                if ctypes.CDLL(None, use_errno=True).setns(space.fileno(), CLONE_NEWNET) == 0:
                    made.append(socket.socket(family, kind))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert made, "the machine's network cannot be entered"
        return made[0]

    # -- Its end --

    def poweroff(self):
        """Shuts down in order; gives (nspawn's status, seconds). start() boots it again."""
        start = time.monotonic()
        self.run("systemctl", "poweroff", "--no-block", check=False)
        status = self.nspawn.wait(BOOT)
        self.nspawn = self.pid = None
        return status, time.monotonic() - start

    def stop(self):
        """Takes the power away."""
        if self.nspawn:
            for pid in filter(None, (self.pid or self._find_init_now(), self.nspawn.pid)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.nspawn.wait(PATIENCE)
            self.nspawn = self.pid = None

    def _find_init_now(self):
        return self._find_init() if self.nspawn.poll() is None else None

    def end(self):
        """Ends it by whatever it takes: processes, groups, mounts, files."""
        atexit.unregister(self.end)
        if self.lock is None:
            return
        self.guard.stdin.close()
        self.guard.stdout.close()
        self.guard.wait(PATIENCE)
        if self.nspawn:
            self.nspawn.wait(PATIENCE)
            self.nspawn = self.pid = None
        self.console.close()
        os.close(self.lock)
        self.lock = None


def _finished(line, check, seconds, stdin):
    """Runs a command line to its end; text is what it says, text or bytes what it is told."""
    data = stdin.encode() if isinstance(stdin, str) else stdin
    told = {"stdin": subprocess.DEVNULL} if data is None else {"input": data}
    start = time.monotonic()
    run = subprocess.run(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         timeout=seconds + PATIENCE, preexec_fn=_die_with_parent, **told)
    run.stdout, run.stderr = (one.decode(errors="replace") for one in (run.stdout, run.stderr))
    if run.returncode in (-signal.SIGKILL, 137) and time.monotonic() - start >= seconds:
        raise subprocess.TimeoutExpired(line, seconds, run.stdout, run.stderr)
    if check and run.returncode:
        raise AssertionError(f"{line[-6:]} ended with {run.returncode}:\n{run.stdout}{run.stderr}")
    return run


def _statuses():
    """(pid, fields of its status) of every process that can be read."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                text = pathlib.Path(f"/proc/{name}/status").read_text(errors="replace")
                yield int(name), dict(row.split(":\t", 1) for row in text.splitlines()
                                      if ":\t" in row)


def _groups_of(pid, ours):
    """The folders of a process's control groups, in the hierarchies of the groups ours."""
    rows = pathlib.Path("/proc/self/mounts").read_text().splitlines()
    options = {folder: set() if kind == "cgroup2" else set(options.split(","))
               for _, folder, kind, options, *_ in map(str.split, rows)
               if kind in ("cgroup", "cgroup2")}
    found = []
    for row in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, names, path = row.split(":", 2)
        wanted = set(names.split(",")) if names else set()
        for mount in map(os.path.dirname, ours):
            if wanted <= options[mount] and bool(wanted) == bool(options[mount]):
                found.append(mount + path)
    return found


# ---- Whether it can be ----

def why_not():
    """Why no machine can be booted here, in a line; None when one can."""
    if os.geteuid() != 0:
        return "only root can boot a system"
    status = pathlib.Path("/proc/self/status").read_text()
    mask = int(re.search(r"^CapEff:\s+([0-9a-f]+)$", status, re.M).group(1), 16)
    missing = [name for name, bit in CAPABILITIES.items() if not mask >> bit & 1]
    if missing:
        return f"root lacks {' '.join(missing)} here"
    for program, package in PROGRAMS.items():
        if not shutil.which(program):
            return f"{program} is not installed (package {package})"
    if "cgroup" not in pathlib.Path("/proc/self/mounts").read_text():
        return "there are no control groups here"
    spaces = subprocess.run(["unshare", "-m", "-p", "-n", "-u", "-i", "-C", "-f", "true"],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, timeout=PATIENCE)
    if spaces.returncode:
        return "this machine does not let root make namespaces"
    if (CACHE / f"base-{_recipe()}").exists():
        return None
    if not shutil.which("debootstrap"):
        return "debootstrap is not installed"
    if not any(release == SUITE for _, release, _ in _sources()):
        return f"apt's sources have no {SUITE}"
    return None


class BootTest(unittest.TestCase):
    """A test with one booted machine for all its cases; a subclass may override set_up(machine),
    which is called before the boot."""
    machine = None

    @classmethod
    def set_up(cls, machine):
        pass

    @classmethod
    def setUpClass(cls):
        cls.machine = Machine()
        cls.addClassCleanup(cls.machine.end)
        cls.set_up(cls.machine)
        cls.machine.start()


def main():
    """Runs the tests of the calling file; 77 when there is nothing to run them on."""
    reason = why_not()
    if reason:
        print(f"SKIP: {reason}")
        sys.exit(77)
    faulthandler.dump_traceback_later(LIMIT, exit=True)
    unittest.main(verbosity=2, failfast=True)
