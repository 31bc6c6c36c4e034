from __future__ import annotations

import logging
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from trio_rdp.protocol.config import KeptBitmap
from trio_rdp.stores import FileGraphicsCache, FileLicenseCache, IdentityStore, KnownHosts

ONE = "11" * 32
TWO = "ab" * 32


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestKnownHosts:
    def test_store_and_forget(self, tmp_path: Path) -> None:
        hosts = KnownHosts(tmp_path / "deep" / "known_hosts")
        assert hosts.get("desk.example", 3389) is None
        hosts.store("Desk.Example.", 3389, ONE)
        hosts.store("desk.example", 3390, TWO)
        hosts.store("::1", 3389, TWO)
        assert hosts.get("desk.example", 3389) == ONE
        assert hosts.get("DESK.EXAMPLE", 3390) == TWO
        assert hosts.path.read_text() == f"desk.example:3389 {ONE}\ndesk.example:3390 {TWO}\n[::1]:3389 {TWO}\n"
        hosts.store("desk.example", 3389, TWO)
        assert hosts.get("desk.example", 3389) == TWO
        assert hosts.forget("desk.example.", 3389)
        assert not hosts.forget("desk.example", 3389)
        assert hosts.get("desk.example", 3389) is None
        assert hosts.get("desk.example", 3390) == TWO

    def test_trust_first(self, tmp_path: Path) -> None:
        hosts = KnownHosts(tmp_path / "known_hosts")
        assert hosts.trust_first("desk.example", 3389, ONE) == ONE
        assert hosts.trust_first("desk.example", 3389, TWO) == ONE
        assert hosts.get("desk.example", 3389) == ONE

    def test_only_the_user_may_read(self, tmp_path: Path) -> None:
        hosts = KnownHosts(tmp_path / "new" / "known_hosts")
        hosts.store("desk.example", 3389, ONE)
        assert mode(hosts.path) == 0o600
        assert mode(hosts.path.parent) == 0o700
        hosts.path.chmod(0o644)
        hosts.store("desk.example", 3389, TWO)
        assert mode(hosts.path) == 0o600

    def test_what_it_does_not_know_stays(self, tmp_path: Path) -> None:
        path = tmp_path / "known_hosts"
        path.write_text(f"# my servers\n\ndesk.example:3389 {ONE}\nold:3389 sha1\n")
        hosts = KnownHosts(path)
        assert hosts.get("desk.example", 3389) == ONE
        assert hosts.get("old", 3389) is None
        hosts.store("new", 1, TWO)
        hosts.store("old", 3389, TWO)
        assert path.read_text() == f"# my servers\n\ndesk.example:3389 {ONE}\nnew:1 {TWO}\nold:3389 {TWO}\n"

    @pytest.mark.parametrize("host", ["", ".", "a b", "a\nb", "a\x00b"])
    def test_host_that_cannot_be(self, tmp_path: Path, host: str) -> None:
        with pytest.raises(ValueError, match="not a host name"):
            KnownHosts(tmp_path / "known_hosts").store(host, 3389, ONE)

    @pytest.mark.parametrize("fingerprint", ["", "AB" * 32, "ab" * 31, "ab" * 32 + "\n"])
    def test_fingerprint_that_cannot_be(self, tmp_path: Path, fingerprint: str) -> None:
        hosts = KnownHosts(tmp_path / "known_hosts")
        with pytest.raises(ValueError, match="not a SHA-256"):
            hosts.store("desk.example", 3389, fingerprint)
        assert not hosts.path.exists()

    def test_unreadable_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(OSError, match="Is a directory"):
            KnownHosts(tmp_path).get("desk.example", 3389)

    def test_failed_write_leaves_the_old_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        hosts = KnownHosts(tmp_path / "known_hosts")
        hosts.store("desk.example", 3389, ONE)

        def no_space(*args: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("os.fsync", no_space)
            with pytest.raises(OSError, match="No space left"):
                hosts.store("desk.example", 3389, TWO)
        assert hosts.get("desk.example", 3389) == ONE
        assert sorted(path.name for path in tmp_path.iterdir()) == ["known_hosts", "known_hosts.lock"]

    def test_many_processes(self, tmp_path: Path) -> None:
        path = tmp_path / "known_hosts"
        program = (
            "import sys\n"
            "from trio_rdp.stores import KnownHosts\n"
            "hosts = KnownHosts(sys.argv[1])\n"
            "for port in range(20):\n"
            "    hosts.store(f'host{sys.argv[2]}', port, '11' * 32)\n"
            "print(hosts.trust_first('shared', 1, f'{int(sys.argv[2]):064x}'))\n"
        )
        running = [
            subprocess.Popen([sys.executable, "-c", program, str(path), str(number)], stdout=subprocess.PIPE)
            for number in range(3)
        ]
        trusted = {process.communicate()[0] for process in running}
        assert [process.returncode for process in running] == [0, 0, 0]
        assert len(trusted) == 1
        assert len(path.read_text().splitlines()) == 61

    def test_default_place(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
        assert KnownHosts().path.name == "known_hosts"
        assert IdentityStore().path.name == "identity.pem"
        assert FileLicenseCache().folder.name == "licenses"
        if sys.platform == "linux":
            assert KnownHosts().path == tmp_path / "trio_rdp" / "known_hosts"


class TestIdentityStore:
    def test_made_once(self, tmp_path: Path) -> None:
        store = IdentityStore(tmp_path / "identity.pem")
        assert store.load() is None
        assert store.load_or_make(lambda: b"first") == b"first"
        assert store.load_or_make(lambda: b"second") == b"first"
        assert store.load() == b"first"
        assert mode(store.path) == 0o600

    def test_made_again_when_it_is_not_accepted(self, tmp_path: Path) -> None:
        store = IdentityStore(tmp_path / "identity.pem")
        store.load_or_make(lambda: b"first")
        assert store.load_or_make(lambda: b"second", accept=lambda pem: pem != b"first") == b"second"
        assert store.load() == b"second"

    def test_failed_make_stores_nothing(self, tmp_path: Path) -> None:
        store = IdentityStore(tmp_path / "identity.pem")
        with pytest.raises(ZeroDivisionError):
            store.load_or_make(lambda: bytes(1 // 0))
        assert store.load() is None


class TestFileLicenseCache:
    def test_by_server(self, tmp_path: Path) -> None:
        cache = FileLicenseCache(tmp_path / "licenses")
        assert cache.get("desk.example") is None
        cache.store("desk.example", b"licence")
        cache.store("../../etc/passwd\0" + "x" * 1000, b"other")
        assert cache.get("DESK.example") == b"licence"
        assert cache.get("../../etc/passwd\0" + "x" * 1000) == b"other"
        cache.store("desk.example", b"newer")
        assert cache.get("desk.example") == b"newer"
        paths = list(cache.folder.iterdir())
        assert len(paths) == 2
        assert {mode(path) for path in paths} == {0o600}

    @pytest.mark.parametrize("size", [0, 65_536, 1_000_000])
    def test_no_licence_has_this_size(self, tmp_path: Path, size: int) -> None:
        cache = FileLicenseCache(tmp_path)
        cache.store("desk.example", b"x" * size)
        assert cache.get("desk.example") is None

    def test_failing_disk_is_logged(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        (tmp_path / "file").write_text("")
        cache = FileLicenseCache(tmp_path / "file")
        with caplog.at_level(logging.WARNING):
            cache.store("desk.example", b"licence")
            assert cache.get("desk.example") is None
        assert "cannot store the licence" in caplog.text
        assert "cannot read the stored licence" in caplog.text


def bitmap(key: int, width: int = 8, height: int = 4) -> KeptBitmap:
    return KeptBitmap(key, width, height, bytes((key * 7 + at) % 256 for at in range(width * height * 4)))


class TestFileGraphicsCache:
    def test_keep_and_load(self, tmp_path: Path) -> None:
        cache = FileGraphicsCache(tmp_path / "deep" / "desk")
        assert cache.entries() == []
        assert cache.load([1]) == {}
        cache.store([bitmap(1), bitmap(2**64 - 1, 3, 5)])
        assert [(one.key, one.width, one.height, one.data) for one in cache.entries()] == [
            (1, 8, 4, b""),
            (2**64 - 1, 3, 5, b""),
        ]
        assert cache.load([2**64 - 1, 7]) == {2**64 - 1: bitmap(2**64 - 1, 3, 5)}
        assert mode(cache.path) == 0o600

    def test_what_was_kept_comes_behind(self, tmp_path: Path) -> None:
        cache = FileGraphicsCache(tmp_path / "desk")
        cache.store([bitmap(1), bitmap(2)])
        cache.store([bitmap(3), bitmap(2, 2, 2)])
        assert [one.key for one in cache.entries()] == [3, 2, 1]
        assert cache.load([1, 2]) == {1: bitmap(1), 2: bitmap(2, 2, 2)}

    def test_it_is_bounded(self, tmp_path: Path) -> None:
        cache = FileGraphicsCache(tmp_path / "desk", max_bytes=1000)
        cache.store([bitmap(key) for key in range(50)])
        kept = [one.key for one in cache.entries()]
        assert 3 < len(kept) < 12
        assert kept == list(range(len(kept)))
        assert cache.path.stat().st_size <= 1000
        many = FileGraphicsCache(tmp_path / "many")
        many.store([bitmap(key, 1, 1) for key in range(6000)])
        assert len(many.entries()) == 5461

    def test_a_file_that_is_none_of_ours(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        path = tmp_path / "desk"
        path.write_bytes(b"something else")
        cache = FileGraphicsCache(path)
        assert cache.entries() == []
        assert "holds no bitmaps" in caplog.text
        cache.store([bitmap(1)])
        assert [one.key for one in cache.entries()] == [1]

    def test_a_broken_file(self, tmp_path: Path) -> None:
        path = tmp_path / "desk"
        cache = FileGraphicsCache(path)
        cache.store([bitmap(1), bitmap(2), bitmap(3)])
        whole = path.read_bytes()
        for end in range(len(whole)):
            path.write_bytes(whole[:end])
            assert set(cache.load([1, 2, 3])) <= {1, 2}
        for at in range(19, len(whole)):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
            for one in cache.load([1, 2, 3]).values():
                assert len(one.data) == one.width * one.height * 4

    def test_a_disk_that_fails(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        cache = FileGraphicsCache(tmp_path)
        assert cache.entries() == []
        assert "cannot read the bitmaps" in caplog.text
        cache.store([bitmap(1)])
        assert "cannot keep bitmaps" in caplog.text
        assert cache.load([1]) == {}
