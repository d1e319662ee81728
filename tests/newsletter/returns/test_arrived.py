"""How a mail of ours arrived, by what its receiver wrote on top of it."""

import pytest

from worker.newsletter.returns.arrived import verdicts

SIGNED = "DKIM-Signature: v=1; a=rsa-sha256; d={d}; s=x; h=from:to:subject:list-unsubscribe:\n list-unsubscribe-post; bh=x; b=y\n"
HEAD = "From: Practice <news@blog.example>\nList-Unsubscribe: <https://x>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n\nx"
ALL_WELL = (
    "Authentication-Results: mx.example;\n dkim=pass (2048-bit key) header.d=blog.example header.s=x;\n"
    " spf=pass (mx.example: domain of back@blog.example) smtp.mailfrom=back@mail.blog.example;\n dmarc=pass (p=NONE) header.from=blog.example\n"
)
TLS = "Received: from relay.example by mx.example (Postfix) with ESMTPS id 1 (TLS1.3)\n"


def told(
    results: str = ALL_WELL, received: str = TLS, signature: str = SIGNED.format(d="blog.example"), head: str = HEAD
) -> dict[str, tuple]:
    return {each.what: (each.ok, each.sentence) for each in verdicts((received + results + signature + head).encode())}


def test_when_all_is_well():
    assert all(ok for ok, _ in told().values())
    assert list(told()) == ["DKIM", "SPF", "DMARC", "List-Unsubscribe", "encryption"]


@pytest.mark.parametrize(
    ("what", "mail", "says"),
    [
        ("DKIM", {"signature": ""}, "without a signature"),
        ("DKIM", {"results": "Authentication-Results: mx; dkim=pass header.d=relay.example\n"}, "is relay.example's, not blog.example's"),
        ("DKIM", {"results": "Authentication-Results: mx; dkim=fail header.d=blog.example\n"}, "does not hold (fail)"),
        ("DKIM", {"results": "Authentication-Results: mx; dkim=pass header.d=evilblog.example\n"}, "is evilblog.example's"),
        ("SPF", {"results": "Authentication-Results: mx; spf=softfail smtp.mailfrom=news@blog.example\n"}, "(softfail)"),
        ("SPF", {"results": "Authentication-Results: mx; spf=pass smtp.mailfrom=x@relay.example; dkim=none\n"}, "another domain"),
        ("DMARC", {"results": "Authentication-Results: mx; dmarc=fail header.from=blog.example\n"}, "neither DKIM nor SPF"),
        (
            "DMARC",
            {"results": "Authentication-Results: mx; dmarc=none header.from=blog.example\n"},
            "_dmarc.blog.example: v=DMARC1; p=none",
        ),
        ("List-Unsubscribe", {"signature": "DKIM-Signature: v=1; h=from:to:list-unsubscribe; b=x\n"}, "does not cover"),
        ("List-Unsubscribe", {"signature": ""}, "no signature covers them"),
        ("List-Unsubscribe", {"head": "From: news@blog.example\n\nx"}, "took the headers for unsubscribing out"),
        ("encryption", {"received": "Received: from relay.example by mx.example with ESMTP id 1\n"}, "was not encrypted"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(what, mail, says):
    ok, sentence = told(**mail)[what]
    assert not ok
    assert says in sentence


@pytest.mark.parametrize(
    ("what", "mail"),
    [("DKIM", {"results": ""}), ("SPF", {"results": ""}), ("DMARC", {"results": ""}), ("encryption", {"received": ""})],
)
def test_what_the_mailbox_does_not_say_was_not_looked_at(what, mail):
    ok, sentence = told(**mail)[what]
    assert ok
    assert "not looked at" in sentence


def test_an_older_verdict_below_the_receivers_own_counts_for_nothing():
    forged = ALL_WELL.replace("mx.example", "forged.example")
    assert not told(results="Authentication-Results: mx.example; dkim=fail; spf=fail; dmarc=fail\n" + forged)["DKIM"][0]


def test_the_hop_inside_the_mailboxs_own_house_is_passed_over():
    assert told(received="Received: from mx by box with LMTP\n" + TLS)["encryption"][0]


def test_a_mailbox_whose_programs_each_write_a_line_is_read_whole():
    lines = ALL_WELL.replace(";\n ", "\nAuthentication-Results: mx.example; ", 3).replace("mx.example\nAuthentication-Results: ", "")
    assert lines.count("Authentication-Results:") == 3
    assert {what: ok for what, (ok, _) in told(lines).items()} == dict.fromkeys(told(), True)
    assert "the signature holds" not in told(lines)["DKIM"][1]
    failed = lines.replace("spf=pass", "spf=fail").replace("dkim=pass", "dkim=fail")
    assert [what for what, (ok, _) in told(failed).items() if not ok] == ["DKIM", "SPF"]
