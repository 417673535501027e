"""The addresses of studies. A new one needs a row in ``tests/backend/studies/permission_rows.py``."""

from __future__ import annotations

from django.urls import path

from backend.studies.api import conduct, rating, reports, setup

_STUDY = "studies/<uuid:id>"
_RATER = f"{_STUDY}/raters/<uuid:rater>"
_ITEM = f"{_RATER}/items/<str:code>"
_OWN = "rating/items/<str:token>"

urlpatterns = [
    path("study-options/", setup.StudyOptionsView.as_view(), name="study-options"),
    path("studies/", setup.StudiesView.as_view(), name="studies"),
    path(f"{_STUDY}/", setup.StudyView.as_view(), name="study"),
    path(f"{_STUDY}/readiness/", setup.ReadinessView.as_view(), name="study-readiness"),
    path(f"{_STUDY}/questions/", setup.StudyQuestionsView.as_view(), name="study-questions"),
    path(f"{_STUDY}/questions/<slug:key>/", setup.StudyQuestionView.as_view(), name="study-question"),
    path(f"{_STUDY}/cases/", setup.StudyCasesView.as_view(), name="study-cases"),
    path(f"{_STUDY}/cases/<uuid:case>/", setup.StudyCaseView.as_view(), name="study-case"),
    path(
        f"{_STUDY}/cases/<uuid:case>/withdraw/",
        conduct.CaseWithdrawView.as_view(),
        name="study-case-withdraw",
    ),
    path(f"{_STUDY}/raters/", setup.StudyRatersView.as_view(), name="study-raters"),
    path(f"{_RATER}/", setup.StudyRaterView.as_view(), name="study-rater"),
    path(f"{_RATER}/withdraw/", conduct.RaterWithdrawView.as_view(), name="study-rater-withdraw"),
    path(f"{_RATER}/reminders/", conduct.RemindersView.as_view(), name="study-reminders"),
    path(f"{_RATER}/items/", conduct.RaterItemsView.as_view(), name="study-rater-items"),
    path(f"{_ITEM}/withdraw/", conduct.ItemWithdrawView.as_view(), name="study-item-withdraw"),
    path(f"{_ITEM}/unblind/", conduct.ItemUnblindView.as_view(), name="study-item-unblind"),
    path(f"{_STUDY}/ready/", conduct.StudyReadyView.as_view(), name="study-ready"),
    path(f"{_STUDY}/reopen/", conduct.StudyReopenView.as_view(), name="study-reopen"),
    path(f"{_STUDY}/blind/", conduct.StudyBlindView.as_view(), name="study-blind"),
    path(f"{_STUDY}/start/", conduct.StudyStartView.as_view(), name="study-start"),
    path(f"{_STUDY}/progress/", conduct.StudyProgressView.as_view(), name="study-progress"),
    path(f"{_STUDY}/deviations/", conduct.DeviationsView.as_view(), name="study-deviations"),
    path(f"{_STUDY}/lock/", conduct.StudyLockView.as_view(), name="study-lock"),
    path(f"{_STUDY}/signatures/", conduct.SignaturesView.as_view(), name="study-signatures"),
    path(f"{_STUDY}/unblindings/", conduct.UnblindingsView.as_view(), name="study-unblindings"),
    path(
        f"{_STUDY}/unblindings/<uuid:unblinding_id>/approve/",
        conduct.UnblindingApproveView.as_view(),
        name="study-unblinding-approve",
    ),
    path(f"{_STUDY}/print-package/", reports.PrintPackageView.as_view(), name="study-print-package"),
    path(f"{_STUDY}/report/", reports.ReportView.as_view(), name="study-report"),
    path(f"{_STUDY}/report/report.html", reports.ReportHtmlView.as_view(), name="study-report-html"),
    path(f"{_STUDY}/report/report.pdf", reports.ReportPdfView.as_view(), name="study-report-pdf"),
    path(f"{_STUDY}/report/ratings.csv", reports.RatingsCsvView.as_view(), name="study-ratings-csv"),
    path(f"{_STUDY}/report/codebook.csv", reports.CodebookView.as_view(), name="study-codebook-csv"),
    path(f"{_STUDY}/report/allocation.zip", reports.AllocationView.as_view(), name="study-allocation"),
    path("rating/studies/", rating.MyStudiesView.as_view(), name="rating-studies"),
    path("rating/studies/<uuid:id>/", rating.MyStudyView.as_view(), name="rating-study"),
    path("rating/replay/", rating.ReplayView.as_view(), name="rating-replay"),
    path(f"{_OWN}/", rating.ItemView.as_view(), name="rating-item"),
    path(f"{_OWN}/open/", rating.ItemOpenView.as_view(), name="rating-item-open"),
    path(f"{_OWN}/bones/", rating.ItemBonesView.as_view(), name="rating-item-bones"),
    path(f"{_OWN}/xrays/<str:view>/", rating.ItemXrayView.as_view(), name="rating-item-xray"),
    path(f"{_OWN}/ratings/", rating.ItemRatingsView.as_view(), name="rating-item-ratings"),
    path(f"{_OWN}/times/", rating.ItemTimesView.as_view(), name="rating-item-times"),
]
