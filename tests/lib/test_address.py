import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.lib.address import address_key, read_address, wire


@pytest.mark.parametrize(
    ("written", "key", "on_the_wire"),
    [
        ("ann@reader.example", "ann@reader.example", "ann@reader.example"),
        ("  Ann.Lee@Reader.Example ", "ann.lee@reader.example", "Ann.Lee@reader.example"),
        ("ann+news@reader.example", "ann+news@reader.example", "ann+news@reader.example"),
        ("o'neil@reader.example", "o'neil@reader.example", "o'neil@reader.example"),
        ("ann@réader.example", "ann@xn--rader-bsa.example", "ann@xn--rader-bsa.example"),
        ("ann@RÉADER.example", "ann@xn--rader-bsa.example", "ann@xn--rader-bsa.example"),
        ("ann@xn--rader-bsa.example", "ann@xn--rader-bsa.example", "ann@xn--rader-bsa.example"),
        ("ann@straße.example", "ann@xn--strae-oqa.example", "ann@xn--strae-oqa.example"),
        ('"Ann"@reader.example', "ann@reader.example", "Ann@reader.example"),
        ("ann@reader.example.", "ann@reader.example", "ann@reader.example"),
        ("ann@réader\u3002example", "ann@xn--rader-bsa.example", "ann@xn--rader-bsa.example"),
        ("\ufeffann\u200b@rea\u00adder.example\u200e", "ann@reader.example", "ann@reader.example"),
        ("ann@re\u0301ader.example", "ann@xn--rader-bsa.example", "ann@xn--rader-bsa.example"),
    ],
)
def test_two_spellings_of_one_address_are_one(written, key, on_the_wire):
    assert address_key(written) == key
    address = read_address(written)
    assert address.wire == wire(address.written, address.key) == on_the_wire


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "no @"),
        ("ann", "no @"),
        ("@reader.example", "before the @"),
        ("ann@", "after the @"),
        ("ann@reader", "after the @"),
        ("ann@.example", "after the @"),
        ("ann@reader..example", "after the @"),
        ("ann@-reader.example", "after the @"),
        ("ann@reader_.example", "after the @"),
        ("ann@127.0.0.1", "after the @"),
        ("ann@[127.0.0.1]", "after the @"),
        ("ann@reader.example>", "after the @"),
        ("ann@rea\u200bder\u2488.example", "after the @"),
        ("ann lee@reader.example", "before the @"),
        ("ann@lee@reader.example", "before the @"),
        (".ann@reader.example", "before the @"),
        ("ann.@reader.example", "before the @"),
        ("ann..lee@reader.example", "before the @"),
        ("<ann@reader.example", "before the @"),
        ("Ann <ann@reader.example>", "before the @"),
        ("ann\r\nBcc: x@reader.example", "before the @"),
        ('"ann lee"@reader.example', "before the @"),
        ('""@reader.example', "before the @"),
        ('"ann@lee"@reader.example', "before the @"),
        ("ann@reader.example..", "after the @"),
        ("ann@xn--reader.example", "after the @"),
        ("ann@xn--.example", "after the @"),
        ("ann@mail.XN--9999999999.example", "after the @"),
        ("ann@.", "after the @"),
        ("änn@reader.example", "accents"),
        ("a" * 65 + "@reader.example", "before the @"),
        ("ann@" + "a" * 64 + ".example", "after the @"),
        ("ann@" + "a." * 130 + "example", "too long"),
    ],
)
def test_what_is_no_address_is_told_where_to_look(text, word):
    with pytest.raises(ValueError, match=word):
        read_address(text)


@given(st.text(max_size=300))
def test_whatever_is_taken_for_an_address_can_go_over_the_wire(text):
    try:
        wire = read_address(text).wire
    except ValueError:
        return
    assert wire.isascii()
    assert wire.isprintable()
    assert " " not in wire
