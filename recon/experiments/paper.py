"""What the paper reports, to be set beside our figures (npj Digital Medicine, s41746-026-02389-9).

Figures 5 and 6 of the paper are drawn without numbers; of them only what the text says can be compared.
"""

from __future__ import annotations

from recon.bones import Bone

TABLE_1: dict[str, dict[Bone | None, float]] = {
    "SSR-KD, DSC (%)": {
        None: 90.9,
        Bone.PATELLA: 87.5,
        Bone.FEMUR: 96.1,
        Bone.FIBULA: 84.1,
        Bone.TIBIA: 96.0,
    },
    "SSR-KD, HD (mm)": {
        None: 2.76,
        Bone.PATELLA: 3.30,
        Bone.FEMUR: 2.20,
        Bone.FIBULA: 2.87,
        Bone.TIBIA: 2.06,
    },
    "SSR-KD, ASSD (mm)": {
        None: 0.94,
        Bone.PATELLA: 1.12,
        Bone.FEMUR: 0.80,
        Bone.FIBULA: 1.05,
        Bone.TIBIA: 0.77,
    },
    "SSM (Baka et al. 2012), ASSD (mm)": {Bone.FEMUR: 1.48},
    "SSIM (Klima et al. 2016), ASSD (mm)": {Bone.FEMUR: 1.18},
    "CNN (Kasten et al. 2020), ASSD (mm)": {
        None: 1.30,
        Bone.PATELLA: 1.71,
        Bone.FEMUR: 1.08,
        Bone.FIBULA: 1.22,
        Bone.TIBIA: 1.18,
    },
}
"""Table 1 of the paper; the key None is the average over bones. 40 test people, DRRs of their own CTs."""

FINDINGS = {
    "table1": "SSR-KD is ahead of the shape-model fit, of the shape-and-intensity fit and of the volumetric "
    "CNN. The paper takes those three from the literature; it does not run them on its own images.",
    "labelled": "28 labelled with 485 unlabelled people suffice for about 0.8 mm at femur and tibia; the "
    "error rises sharply at 14 or fewer labelled people, or with few unlabelled ones (Fig. 5a).",
    "views": "One view does not suffice; more than two gain far less than the step from one to two "
    "(Fig. 5b).",
    "angles": "Femur and tibia stay below 1.0 mm even at 30 degrees; patella and fibula lose more (Fig. 5c).",
    "external": "On 20 people of another institution, femur and tibia stay below 1.0 mm (Fig. 5d).",
    "implants": "Bones with staples or with a plate and screws keep their shape; a partial knee replacement "
    "spoils the reconstruction (Fig. 6: three patients, no figures).",
}
"""What the text of the paper says about each experiment."""

CAUTION = (
    "The paper measured other people, in DRRs of their real CTs, with networks trained at full size for 400 "
    "epochs. The images differ, so a lower or higher figure here says nothing about which method is better."
)
