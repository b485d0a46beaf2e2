import gzip
import hashlib
import io
import json
import sys
import tarfile

import numpy as np
import pytest

from pyg_liesym.datasets.io.download import ZenodoRecord, download_file, extract_files

CONTENT = np.random.default_rng(0).bytes(3_000_000)
SHA = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_download(server, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    server.files["/a.h5"] = CONTENT
    path = download_file(f"{server.address}/a.h5", tmp_path / "new" / "a.h5", checksum=SHA)
    assert path.read_bytes() == CONTENT
    assert names(tmp_path / "new") == ["a.h5"]
    shown = sys.stderr.getvalue()
    assert "a.h5" in shown
    assert "3.00M" in shown


def test_without_a_terminal_or_progress_nothing_is_printed(server, tmp_path, capsys, monkeypatch):
    server.files["/a.h5"] = CONTENT
    download_file(f"{server.address}/a.h5", tmp_path / "a.h5", checksum=SHA)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys, "stderr", Terminal())
    download_file(f"{server.address}/a.h5", tmp_path / "b.h5", checksum=SHA, progress=False)
    assert sys.stderr.getvalue() == ""


def test_what_is_there_is_not_asked_for(server, tmp_path):
    (tmp_path / "a.h5").write_bytes(CONTENT)
    assert download_file(f"{server.address}/a.h5", tmp_path / "a.h5", checksum=SHA).read_bytes() == CONTENT
    assert server.requests == []


def tar_of(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def test_what_is_there_is_checked(server, tmp_path):
    (tmp_path / "a.h5").write_bytes(b"mine")
    with pytest.raises(ValueError, match=r"a\.h5 is not the published file: expected sha256 \w+, got \w+; remove it"):
        download_file(f"{server.address}/a.h5", tmp_path / "a.h5", checksum=SHA)
    assert (tmp_path / "a.h5").read_bytes() == b"mine"


@pytest.mark.parametrize("compression", ["", ".gz"])
def test_a_damaged_header_is_not_the_end_of_an_archive(tmp_path, compression):
    path = tmp_path / f"a.tar{compression}"
    content = tar_of({f"{i}.root": b"x" * 700 for i in range(6)})
    place = content.index(b"4.root")
    content = content[:place] + b"\xff" + content[place + 1 :]
    path.write_bytes(gzip.compress(content) if compression else content)
    with pytest.raises(ValueError, match=r"EOFError: it is damaged at byte \d+, after 4 files"):
        extract_files(path, tmp_path / "out", ".root")


@pytest.mark.parametrize("lost", [1024, 2000, 10240])
def test_an_archive_without_its_end_is_damaged(tmp_path, lost):
    path = tmp_path / "a.tar"
    content = tar_of({f"{i}.root": b"x" * 700 for i in range(6)})
    end = len(content.rstrip(b"\0"))
    path.write_bytes(content[: -(-end // 512) * 512] if lost == 1024 else content[: end - lost])
    with pytest.raises(ValueError, match=r"a\.tar is not a complete tar file"):
        extract_files(path, tmp_path / "out", ".root")


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_a_wrong_hash_names_both_and_leaves_nothing(server, tmp_path, algorithm):
    server.files["/a.h5"] = CONTENT
    wrong = hashlib.new(algorithm, b"other").hexdigest()
    right = hashlib.new(algorithm, CONTENT).hexdigest()
    with pytest.raises(ValueError, match=rf"/a\.h5 has the wrong content.*expected {algorithm} {wrong}, got {right}"):
        download_file(f"{server.address}/a.h5", tmp_path / "a.h5", checksum=f"{algorithm}:{wrong}")
    assert names(tmp_path) == []


def test_a_broken_connection_is_resumed(server, tmp_path):
    server.files["/a.h5"] = CONTENT
    server.break_after = 1_234_567
    url = f"{server.address}/a.h5"
    for attempt in (1, 2):
        with pytest.raises(ConnectionError, match=rf"{url} failed.*Try again.*put it there: .*a\.h5"):
            download_file(url, tmp_path / "a.h5", checksum=SHA)
        assert names(tmp_path) == ["a.h5.part"]
        assert (tmp_path / "a.h5.part").read_bytes() == CONTENT[: attempt * 1_234_567]
    server.break_after = None
    assert download_file(url, tmp_path / "a.h5", checksum=SHA).read_bytes() == CONTENT
    assert names(tmp_path) == ["a.h5"]
    assert [asked for _, asked in server.requests] == [None, "bytes=1234567-", "bytes=2469134-"]


def test_a_server_without_ranges_sends_everything_again(server, tmp_path):
    server.files["/a.h5"] = CONTENT
    server.ranges = False
    (tmp_path / "a.h5.part").write_bytes(CONTENT[:1000])
    assert download_file(f"{server.address}/a.h5", tmp_path / "a.h5", checksum=SHA).read_bytes() == CONTENT


def test_a_part_that_is_whole_is_only_checked(server, tmp_path):
    server.files["/a.h5"] = CONTENT
    (tmp_path / "a.h5.part").write_bytes(CONTENT)
    assert download_file(f"{server.address}/a.h5", tmp_path / "a.h5", checksum=SHA).read_bytes() == CONTENT


def test_a_part_of_something_else_is_found_out(server, tmp_path):
    server.files["/a.h5"] = CONTENT
    (tmp_path / "a.h5.part").write_bytes(b"x" * 500)
    with pytest.raises(ValueError, match="wrong content"):
        download_file(f"{server.address}/a.h5", tmp_path / "a.h5", checksum=SHA)
    assert download_file(f"{server.address}/a.h5", tmp_path / "a.h5", checksum=SHA).read_bytes() == CONTENT


def test_offline_says_address_and_place(tmp_path, server):
    address = server.address
    server.server_close()
    with pytest.raises(ConnectionError, match=rf"{address}/a\.h5 failed .*put it there: {tmp_path}/a\.h5"):
        download_file(f"{address}/a.h5", tmp_path / "a.h5", checksum=SHA)


def test_a_file_that_does_not_exist(server, tmp_path):
    with pytest.raises(ConnectionError, match="HTTP Error 404"):
        download_file(f"{server.address}/a.h5", tmp_path / "a.h5", checksum=SHA)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("url", "checksum"),
    [("file:///etc/hostname", SHA), ("http://x/a", "3f27"), ("http://x/a", "sha256:"), ("http://x", "no:1")],
)
def test_wrong_arguments(tmp_path, url, checksum):
    with pytest.raises(ValueError, match="expected an http"):
        download_file(url, tmp_path / "a", checksum=checksum)


def test_a_record_with_known_hashes(server, tmp_path):
    record = ZenodoRecord("17", {"a.h5": SHA}, server.address)
    server.files["/records/17/files/a.h5?download=1"] = CONTENT
    assert record.download("a.h5", tmp_path, progress=False).read_bytes() == CONTENT
    assert len(server.requests) == 1


@pytest.mark.parametrize("content", [CONTENT, CONTENT[:-1] + b"x"])
def test_a_record_is_asked_for_hashes_that_are_not_known(server, tmp_path, content):
    record = ZenodoRecord("17", {"a.h5": None}, server.address)
    server.files["/records/17/files/a.h5?download=1"] = content
    listing = {"files": [{"key": "a.h5", "checksum": "md5:" + hashlib.md5(CONTENT).hexdigest()}]}
    server.files["/api/records/17"] = json.dumps(listing).encode()
    if content == CONTENT:
        assert record.download("a.h5", tmp_path).read_bytes() == CONTENT
    else:
        with pytest.raises(ValueError, match="expected md5"):
            record.download("a.h5", tmp_path)
        assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("listing", "message"),
    [
        (b"<html>", "does not list files with checksums"),
        (b'{"files": [{"key": "a.h5"}]}', "does not list files with checksums"),
        (b'{"files": []}', r"/records/17 has no file a\.h5, only \[\]"),
    ],
)
def test_a_record_that_publishes_no_hash(server, tmp_path, listing, message):
    server.files["/api/records/17"] = listing
    with pytest.raises(ValueError, match=message):
        ZenodoRecord("17", {"a.h5": None}, server.address).download("a.h5", tmp_path)


def test_an_unreachable_record(server, tmp_path):
    with pytest.raises(ConnectionError, match=rf"/api/records/17 failed.*put it there: {tmp_path}/a\.h5"):
        ZenodoRecord("17", {"a.h5": None}, server.address).download("a.h5", tmp_path)


def write_tar(path, members):
    with tarfile.open(path, "w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return path


def test_extracts_only_the_files_asked_for(tmp_path):
    members = [("val_5M/a.root", b"1"), ("val_5M/README", b"2"), ("b.root", CONTENT), ("link.txt", "/etc/passwd")]
    archive = write_tar(tmp_path / "x.tar", members)
    assert extract_files(archive, tmp_path / "out", ".root") == [tmp_path / "out" / n for n in ("a.root", "b.root")]
    assert names(tmp_path / "out") == ["a.root", "b.root"]
    assert (tmp_path / "out" / "b.root").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "member",
    [
        ("../evil.root", b"1"),
        ("/tmp/evil.root", b"1"),
        ("x/../../evil.root", b"1"),
        ("evil.root", "/etc/passwd"),
        ("y/a.root", b""),
    ],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path, member):
    archive = write_tar(tmp_path / "x.tar", [("a.root", b"1"), member])
    with pytest.raises(ValueError, match=r"x\.tar.*which is no plain file of its own name and place"):
        extract_files(archive, tmp_path / "out", ".root")
    assert names(tmp_path) == ["out", "x.tar"]
    assert names(tmp_path / "out") == ["a.root"]


def test_damaged_and_empty_archives(tmp_path):
    archive = write_tar(tmp_path / "x.tar", [("a.root", CONTENT)])
    content = archive.read_bytes()
    for place in np.random.default_rng(0).integers(0, len(CONTENT), 20):
        archive.write_bytes(content[:place])
        with pytest.raises(ValueError, match=r"x\.tar"):
            extract_files(archive, tmp_path / "out", ".root")
        assert not (tmp_path / "out").exists() or names(tmp_path / "out") == []
    with pytest.raises(ValueError, match=r"has no files that end with \.root"):
        extract_files(write_tar(archive, [("a.txt", b"1")]), tmp_path / "out", ".root")
