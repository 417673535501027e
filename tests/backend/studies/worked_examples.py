"""Tables of published worked examples of the statistics that a study reports."""

from __future__ import annotations

import numpy as np

NAN = float("nan")
# Shrout & Fleiss 1979, Table 2: four judges, six targets.
SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
# Krippendorff 2011, example C: four observers (rows), twelve units, with holes.
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
).T
# Fleiss 1971, Table 1: six psychiatrists' diagnoses of thirty patients, a digit each.
FLEISS = [
    list(map(int, str(patient)))
    for patient in (
        *(444444, 222555, 233335, 555555, 222444, 113333, 333355, 113334, 114444, 555555),
        *(144444, 124444, 222333, 144444, 224445, 333335, 111455, 111112, 224444, 133555),
        *(555555, 244444, 224555, 114444, 144445, 222224, 111155, 224444, 133333, 555555),
    )
]
# The example of the SAS manual for two raters on three points, as counts.
SAS_TABLE = [[0, 4, 1], [0, 8, 0], [0, 1, 5]]
# Houweling et al., Clinical Trials 11 (2014) 547-552, Table 2, investigators.
HOUWELING = [[48, 22], [4, 30], [330, 319]]
# Bang, Ni & Davis 2004, doi:10.1016/j.cct.2003.10.016, Table 7: the CRISP trial, lovastatin against placebo.
CRISP = [[82, 27], [25, 29], [170, 83]]
# Hollander & Wolfe 1973, Example 3.1: Hamilton depression scale before and after.
DEPRESSION = np.array([1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]) - np.array(
    [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
)
# The first seven of Hollander & Wolfe 1973, Example 8.1: lightness of canned tuna, and how it was liked.
LIGHTNESS = [44.4, 45.9, 41.9, 53.3, 44.7, 44.1, 50.7]
LIKED = [2.6, 3.1, 2.5, 5.0, 3.6, 4.0, 5.2]
# Darwin's maize, from scipy's manual.
MAIZE = [6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75]
