"""Every address of the server. A new one needs a row in ``tests/backend/test_permissions.py``."""

from __future__ import annotations

from django.urls import include, path, re_path, register_converter
from drf_spectacular.views import SpectacularAPIView

from backend.accounts import api as accounts
from backend.cases import api as cases
from backend.core import errors, frontend, health
from backend.exports import api as exports
from backend.exports import file_api as guide_files
from backend.imaging import api as imaging
from backend.imaging import bone_api as bones
from backend.imaging import film_api as films
from backend.imaging.models import BoneName, View
from backend.jobs import api as jobs
from backend.planning import api as planning
from backend.planning.models import PlanSolids


class BoneConverter:
    """One of the four bones."""

    regex = "|".join(BoneName.values)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return str(value)


class WhichConverter(BoneConverter):
    """One of the two sets of a comparison."""

    regex = "first|second"


class ViewConverter(BoneConverter):
    """One of the two views of a pair of X-rays."""

    regex = "|".join(View.values)


class PartConverter(BoneConverter):
    """One of the fragments of a planned tibia."""

    regex = "|".join(PlanSolids.PARTS)


register_converter(BoneConverter, "bone")
register_converter(PartConverter, "part")
register_converter(ViewConverter, "view")
register_converter(WhichConverter, "which")

api = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("session/", accounts.SessionView.as_view(), name="session"),
    path("people/", accounts.PeopleView.as_view(), name="people"),
    path("people/<uuid:id>/", accounts.PersonView.as_view(), name="person"),
    path("cases/", cases.CasesView.as_view(), name="cases"),
    path("cases/<uuid:id>/", cases.CaseView.as_view(), name="case"),
    path("cases/<uuid:id>/images/", imaging.CaseImagesView.as_view(), name="case-images"),
    path(
        "cases/<uuid:id>/reconstructions/",
        imaging.CaseReconstructionsView.as_view(),
        name="case-reconstructions",
    ),
    path("cases/<uuid:id>/plan-preview/", planning.PlanPreviewView.as_view(), name="plan-preview"),
    path("cases/<uuid:id>/plans/", planning.CasePlansView.as_view(), name="case-plans"),
    path(
        "cases/<uuid:id>/plans/alternatives/",
        planning.PlanAlternativesView.as_view(),
        name="plan-alternatives",
    ),
    path("images/<uuid:id>/", imaging.ImageView.as_view(), name="image"),
    path("images/<uuid:id>/pixels/", imaging.ImagePixelsView.as_view(), name="image-pixels"),
    path("cases/<uuid:id>/leg-films/", films.CaseLegFilmsView.as_view(), name="case-leg-films"),
    path("leg-films/<uuid:id>/", films.LegFilmView.as_view(), name="leg-film"),
    path("leg-films/<uuid:id>/pixels/", films.LegFilmPixelsView.as_view(), name="leg-film-pixels"),
    path("leg-films/<uuid:id>/readings/", planning.FilmReadingsView.as_view(), name="film-readings"),
    path("cases/<uuid:id>/bone-imports/", bones.CaseBoneImportsView.as_view(), name="case-bone-imports"),
    path("cases/<uuid:id>/ct-scans/", bones.CaseCtScansView.as_view(), name="case-ct-scans"),
    path("ct-scans/<uuid:id>/", bones.CtScanView.as_view(), name="ct-scan"),
    path("ct-scans/<uuid:id>/reconstructions/", bones.CtReconstructionsView.as_view(), name="ct-bones"),
    path("bone-sets/<uuid:id>/", bones.BoneSetView.as_view(), name="bone-set"),
    path("bone-sets/<uuid:id>/meshes/<bone:bone>.ply", bones.BoneMeshView.as_view(), name="bone-mesh"),
    path("bone-sets/<uuid:id>/display/<bone:bone>.ply", bones.BoneDisplayView.as_view(), name="bone-display"),
    path("bone-sets/<uuid:id>/outlines/", bones.OutlinesView.as_view(), name="outlines"),
    path("bone-sets/<uuid:id>/choose/", bones.BoneSetChooseView.as_view(), name="bone-set-choose"),
    path("bone-sets/<uuid:id>/comparisons/", bones.BoneSetComparisonsView.as_view(), name="comparisons"),
    path("comparisons/<uuid:id>/", bones.ComparisonView.as_view(), name="comparison"),
    path(
        "comparisons/<uuid:id>/distances/<which:which>/<bone:bone>.f32",
        bones.DistancesView.as_view(),
        name="distances",
    ),
    path("jobs/<uuid:id>/", jobs.JobView.as_view(), name="job"),
    path("jobs/<uuid:id>/events/", jobs.JobEventsView.as_view(), name="job-events"),
    path("jobs/<uuid:id>/cancel/", jobs.JobCancelView.as_view(), name="job-cancel"),
    path("jobs/<uuid:id>/retry/", jobs.JobRetryView.as_view(), name="job-retry"),
    path("plans/<uuid:id>/", planning.PlanView.as_view(), name="plan"),
    path("plans/<uuid:id>/approve/", planning.PlanApproveView.as_view(), name="plan-approve"),
    path("plans/<uuid:id>/withdraw/", planning.PlanWithdrawView.as_view(), name="plan-withdraw"),
    path("plans/<uuid:id>/diff/<uuid:other>/", planning.PlanDiffView.as_view(), name="plan-diff"),
    path("plans/<uuid:id>/report.pdf", planning.PlanReportView.as_view(), name="plan-report"),
    path("plans/<uuid:id>/solids/", planning.PlanSolidsView.as_view(), name="plan-solids"),
    path("plans/<uuid:id>/solids/<part:part>.ply", planning.PlanSolidView.as_view(), name="plan-solid"),
    path("plans/<uuid:id>/corrected-xrays/", planning.CorrectedXraysView.as_view(), name="corrected-xrays"),
    path(
        "plans/<uuid:id>/corrected-xrays/<view:view>.png",
        planning.CorrectedXrayView.as_view(),
        name="corrected-xray",
    ),
    path("plans/<uuid:id>/guides/", exports.PlanGuidesView.as_view(), name="plan-guides"),
    path("guides/queue/", exports.GuideQueueView.as_view(), name="guide-queue"),
    path("guides/<uuid:id>/", exports.GuideView.as_view(), name="guide"),
    path("guides/<uuid:id>/checks/", exports.GuideChecksView.as_view(), name="guide-checks"),
    path("guides/<uuid:id>/sign/", exports.GuideSignView.as_view(), name="guide-sign"),
    path("guides/<uuid:id>/trials/", exports.GuideTrialsView.as_view(), name="guide-trials"),
    path(
        "guide-trials/<uuid:id>/contact.ply",
        guide_files.GuideTrialContactView.as_view(),
        name="guide-trial-contact",
    ),
    path("guides/<uuid:id>/compare/<uuid:other>/", exports.GuideCompareView.as_view(), name="guide-compare"),
    path(
        "guides/<uuid:id>/fluoroscopy/", guide_files.GuideFluoroscopyView.as_view(), name="guide-fluoroscopy"
    ),
    path("guides/<uuid:id>/preview.stl", guide_files.GuidePreviewView.as_view(), name="guide-preview"),
    path("guides/<uuid:id>/contact.ply", guide_files.GuideContactView.as_view(), name="guide-contact"),
    path("guides/<uuid:id>/files/guide.stl", guide_files.GuideStlView.as_view(), name="guide-stl"),
    path("guides/<uuid:id>/files/guide.3mf", guide_files.Guide3mfView.as_view(), name="guide-3mf"),
    path("guides/<uuid:id>/files/report.json", guide_files.GuideReportView.as_view(), name="guide-report"),
    path("guides/<uuid:id>/files/package.zip", guide_files.GuidePackageView.as_view(), name="guide-package"),
    path("guide-presets/", exports.GuidePresetsView.as_view(), name="guide-presets"),
    path("guide-presets/<uuid:id>/", exports.GuidePresetView.as_view(), name="guide-preset"),
    path("", include("backend.studies.urls")),
    re_path(r"^.*$", errors.unknown_address, name="unknown"),
]

urlpatterns = [
    path("api/", include(api)),
    path("health/", health.HealthView.as_view(), name="health"),
    re_path(r"^(?!static/|ws/).*$", frontend.page, name="page"),
]

handler404 = "backend.core.errors.unknown_address"
handler500 = "backend.core.errors.server_error"
