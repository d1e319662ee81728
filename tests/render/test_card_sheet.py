"""Twenty cards side by side, for the eye: docs/pictures/cards.png. `make pictures` draws it anew."""

import os
from pathlib import Path

from PIL import Image

from worker.lib.blogs import Brand
from worker.render.cards import drawn

OURS = ("Sheema Khan", "Example Psychotherapy", Brand())
PLUM = ("Anne-Élise Côté", "Cabinet de psychothérapie L’Éclaircie", Brand(color="#7a3b69", background="#fbf4f0"))
SEA = ("Mara Okafor", "Riverside Counselling", Brand(color="#24527a", background="#eef3f7"))
CLAY = ("Hannah Lévesque, RP", "The Quiet Hour", Brand(color="#b3541e", background="#fff7ec"))
NIGHT = ("Jürgen Groß", "Praxis am Fluß", Brand(color="#ffd166", background="#1d1b2e"))
LONG = "What We Talk About When We Talk About Talking: A Long and Winding Reflection on Listening, Silence, Waiting, Rupture, Repair, and the Many Small Things That Make Therapy Work for Two People in a Room Today"
TITLES = [
    ("Joy", OURS),
    ("The Importance of a Strong Therapeutic Alliance", OURS),
    ("Pourquoi «\u202fla boule au ventre\u202f» revient-elle chaque dimanche soir\u202f?", PLUM),
    (LONG, SEA),
    ("On grief 🌧️ and joy 🌈", CLAY),
    ("治疗联盟的重要性", SEA),
    ("Donaudampfschifffahrtselektrizitätenhauptbetriebswerk", NIGHT),
    ("Où trouver de l’aide\xa0? Œuvres, noëls et façades", PLUM),
    ("Coping Skills as 10% Solutions", NIGHT),
    ("Rest", CLAY),
]
GAP, WIDE, TALL = 24, (440, 231), (208, 312)


def test_twenty_cards_for_the_docs(tmp_path: Path) -> None:
    """POSTLARK_PICTURES=docs/pictures keeps them."""
    lying, upright = (
        [drawn(title, *says, *size).resize(shown, Image.Resampling.LANCZOS) for title, says in TITLES]
        for size, shown in (((1200, 630), WIDE), ((1000, 1500), TALL))
    )
    sheet = Image.new("RGB", (GAP + 5 * (WIDE[0] + GAP), GAP + 2 * (WIDE[1] + GAP) + TALL[1] + GAP), "#d9dcd8")
    for number, picture in enumerate(lying):
        sheet.paste(picture, (GAP + number % 5 * (WIDE[0] + GAP), GAP + number // 5 * (WIDE[1] + GAP)))
    for number, picture in enumerate(upright):
        sheet.paste(picture, (GAP + number * (TALL[0] + GAP), GAP + 2 * (WIDE[1] + GAP)))
    kept = Path(os.environ.get("POSTLARK_PICTURES", tmp_path)) / "cards.png"
    sheet.quantize(256, dither=Image.Dither.NONE).save(kept, optimize=True)
    assert len({picture.tobytes() for picture in [*lying, *upright]}) == 20
