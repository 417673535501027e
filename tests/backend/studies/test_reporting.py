"""What a study's report prints of its figures."""

from dataclasses import asdict

from backend.studies.reporting.results import blinding_section
from backend.studies.statistics.blinding import bang, james


def test_intervals_of_blinding_indices_end_where_the_index_does():
    # Nearly all say "don't know" of the one version and know the other.
    counts = [[1, 0], [0, 11], [11, 1]]
    of_ct, of_xray = bang(counts)
    assert of_xray.high > 1, "the normal error must reach beyond the end for this to test anything"
    document = {
        "analysis": {
            "blinding": {
                "counts": counts,
                "bang_ct": asdict(of_ct),
                "bang_xray": asdict(of_xray),
                "james": asdict(james(counts)),
            }
        }
    }
    rows = {row[0]: row for row in blinding_section(document).tables[1].rows}
    low, high = map(float, rows["Bang, X-ray-based"][2].split(" to "))
    assert high == 1.0
    assert abs(low - of_xray.low) < 1e-3


def test_index_without_an_interval_has_a_dash():
    nothing = {"value": None, "low": None, "high": None}
    blinding = {
        "counts": [[1, 1], [0, 0], [0, 0]],
        "bang_ct": nothing,
        "bang_xray": nothing,
        "james": nothing,
    }
    section = blinding_section({"analysis": {"blinding": blinding}})
    assert {row[2] for row in section.tables[1].rows} == {"-"}
