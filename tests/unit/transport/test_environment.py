"""Proxies and certificates of the environment."""

from __future__ import annotations

import shutil
import ssl
from pathlib import Path

import certifi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses_client._transport.environment import Proxies, tls_context

PROXY = "http://proxy.test:3128"

# --- proxies


@pytest.mark.parametrize(
    ("found", "url", "proxy"),
    [
        ({}, "https://api.test/", None),
        ({"https": PROXY}, "https://api.test/", PROXY),
        ({"https": PROXY}, "http://api.test/", None),
        ({"http": PROXY}, "http://api.test:8000/v1", PROXY),
        ({"http": "", "all": PROXY}, "http://api.test/", PROXY),
        ({"http": "http://other.test", "all": PROXY}, "http://api.test/", "http://other.test"),
        ({"all": "socks5://proxy.test"}, "https://api.test/", "socks5://proxy.test"),
        ({"all": " proxy.test:3128 "}, "https://api.test/", PROXY),
        ({"ftp": PROXY}, "https://api.test/", None),
    ],
)
def test_proxy_is_that_of_the_scheme(found: dict[str, str], url: str, proxy: str | None) -> None:
    assert Proxies(found).for_url(url) == proxy


@pytest.mark.parametrize(
    ("no_proxy", "url", "is_direct"),
    [
        # names
        ("api.test", "https://api.test/", True),
        ("api.test", "https://eu.api.test/", True),
        ("api.test", "https://myapi.test/", False),
        ("API.test.", "https://api.test/", True),
        ("api.test", "https://API.test./", True),
        (".api.test", "https://eu.api.test/", True),
        (".api.test", "https://api.test/", False),
        ("*.api.test", "https://eu.api.test/", True),
        ("*.api.test", "https://api.test/", False),
        ("localhost", "http://localhost:1234/v1", True),
        # all hosts, or none
        ("*", "https://api.test/", True),
        ("other.test, *", "http://[::1]/", True),
        ("", "https://api.test/", False),
        (" , ,", "https://api.test/", False),
        (".", "https://api.test/", False),
        ("[]", "https://api.test/", False),
        # several, and what separates them
        ("other.test,api.test", "https://api.test/", True),
        (" other.test ,\tapi.test ", "https://api.test/", True),
        ("other.test api.test", "https://api.test/", True),
        # ports and schemes
        ("api.test:443", "https://api.test/", True),
        ("api.test:443", "https://api.test:8443/", False),
        ("api.test:80", "http://api.test/", True),
        ("*:8000", "http://api.test:8000/", True),
        ("*:8000", "http://api.test/", False),
        ("http://api.test", "http://api.test/", True),
        ("http://api.test/", "https://api.test/", False),
        ("all://api.test", "https://api.test/", True),
        ("https://api.test:8443/", "https://api.test:8443/", True),
        # addresses
        ("127.0.0.1", "http://127.0.0.1:8000/", True),
        ("127.0.0.1", "http://127.0.0.11/", False),
        ("127.0.0.1:8000", "http://127.0.0.1:8000/", True),
        ("127.0.0.1:8001", "http://127.0.0.1:8000/", False),
        ("::1", "http://[::1]:8000/", True),
        ("[::1]", "http://[::1]:8000/", True),
        ("[::1]:8000", "http://[::1]:8000/", True),
        ("[::1]:8001", "http://[::1]:8000/", False),
        ("0:0:0:0:0:0:0:1", "http://[::1]/", True),
        ("::1", "http://[::2]/", False),
        ("::ffff:127.0.0.1", "http://127.0.0.1/", True),
        ("127.0.0.1", "http://[::ffff:127.0.0.1]/", True),
        ("fe80::1%eth0", "http://[fe80::1]/", True),
        ("[::1", "http://127.0.0.1/", False),
        # networks
        ("10.0.0.0/8", "http://10.1.2.3/", True),
        ("10.1.2.3/8", "http://10.9.9.9/", True),
        ("10.0.0.0/8", "http://11.0.0.1/", False),
        ("fe80::/10", "http://[fe80::1]/", True),
        ("[fe80::]/10", "http://[febf::1]/", True),
        ("fe80::/10", "http://127.0.0.1/", False),
        ("::/0", "http://[2001:db8::1]/", True),
        ("::/0", "http://127.0.0.1/", False),
        ("::/0", "https://api.test/", False),
        ("0.0.0.0/0", "http://127.0.0.1/", True),
        ("::ffff:10.0.0.0/104", "http://10.1.2.3/", True),
        ("10.0.0.0/99", "http://10.1.2.3/", False),
    ],
)
def test_no_proxy_is_read_in_all_its_forms(no_proxy: str, url: str, is_direct: bool) -> None:
    assert Proxies({"all": PROXY, "no": no_proxy}).for_url(url) == (None if is_direct else PROXY)


@given(
    entries=st.lists(
        st.one_of(
            st.text(max_size=12),
            st.text(alphabet=":/[].%*0123456789abcdef", max_size=12),
            st.ip_addresses().map(str),
        ),
        max_size=4,
    ),
    url=st.sampled_from(["https://api.test/", "http://[::1]:8000/", "http://127.0.0.1/"]),
)
def test_no_entry_keeps_requests_from_being_sent(entries: list[str], url: str) -> None:
    assert Proxies({"all": PROXY, "no": ",".join(entries)}).for_url(url) in (None, PROXY)


@pytest.mark.parametrize("change", [str.lower, str.upper])
def test_variables_of_the_process_are_read(change: type[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv(change("all_proxy"), PROXY)
    monkeypatch.setenv(change("no_proxy"), "[::1],10.0.0.0/8")

    proxies = Proxies()
    urls = ("https://api.test/", "http://[::1]/", "http://10.0.0.1/")
    assert [proxies.for_url(url) for url in urls] == [PROXY, None, None]


# --- certificates


def test_context_is_made_once_and_has_certificates_only_for_tls() -> None:
    plain, encrypted = tls_context("http"), tls_context("https")

    assert plain is tls_context("http", PROXY)
    assert encrypted is tls_context("https")
    assert encrypted is tls_context("http", "https://proxy.test")
    assert plain.verify_mode == encrypted.verify_mode == ssl.CERT_REQUIRED
    assert plain.cert_store_stats()["x509"] == 0
    assert encrypted.cert_store_stats()["x509"] > 0


def test_context_does_not_outlive_the_settings_that_it_was_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    usual = tls_context("https")

    few = tmp_path / "few.pem"
    start, end, _ = Path(certifi.where()).read_text().partition("-----END CERTIFICATE-----\n")
    few.write_text(start + end)
    monkeypatch.setenv("SSL_CERT_FILE", str(few))
    one = tls_context("https")
    assert one.cert_store_stats()["x509"] == 1
    assert one is tls_context("https")

    shutil.copy(certifi.where(), few)
    assert tls_context("https").cert_store_stats()["x509"] > 1

    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with pytest.raises(OSError, match=r"SSL_CERT_FILE names '.*none\.pem', .*No such file"):
        tls_context("https")

    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert tls_context("https").cert_store_stats()["x509"] == 0

    monkeypatch.delenv("SSL_CERT_DIR")
    assert tls_context("https") is usual
