"""Shapes that a rater's browser sends and gets: the same for every version of every case."""

from __future__ import annotations

from rest_framework import serializers

from backend.imaging.models import View
from backend.studies.models import QuestionKind, StudyKind, TimeEventKind
from backend.studies.replay import ActKind
from backend.studies.serializers.setup import ScalePointSerializer
from backend.studies.serializers.studies import ReminderSerializer


class AskedSerializer(serializers.Serializer):
    key = serializers.CharField()
    kind = serializers.ChoiceField(QuestionKind.choices)
    title = serializers.CharField()
    text = serializers.CharField()
    points = ScalePointSerializer(many=True)


class MyStudySerializer(serializers.Serializer):
    """``next``: the token of the first item that is not complete, null when all are."""

    id = serializers.UUIDField(source="study.id")
    title = serializers.CharField(source="study.title")
    kind = serializers.ChoiceField(StudyKind.choices, source="study.kind")
    may_go_back = serializers.BooleanField(source="study.may_go_back")
    items = serializers.IntegerField()
    completed = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    reminders = ReminderSerializer(many=True)


class MyItemSerializer(serializers.Serializer):
    token = serializers.CharField()
    code = serializers.CharField()
    position = serializers.IntegerField()
    training = serializers.BooleanField()
    opened = serializers.BooleanField()
    completed = serializers.BooleanField()


class MyStudyDetailSerializer(MyStudySerializer):
    questions = AskedSerializer(many=True)
    list = MyItemSerializer(many=True)


class ClockSerializer(serializers.Serializer):
    """The stop-watch of an item; ``elapsed_s`` without pauses up to now, ``duration_s`` when complete."""

    last = serializers.ChoiceField(TimeEventKind.choices, allow_null=True)
    running = serializers.BooleanField()
    elapsed_s = serializers.FloatField()
    duration_s = serializers.FloatField(allow_null=True)
    pauses = serializers.IntegerField()
    corrections = serializers.IntegerField()


class ItemXraySerializer(serializers.Serializer):
    view = serializers.ChoiceField(View.choices)
    rows = serializers.IntegerField()
    columns = serializers.IntegerField()
    window_center = serializers.FloatField()
    window_width = serializers.FloatField()


class ItemSerializer(MyItemSerializer):
    """One item. X-rays and bones are at ``xrays/VIEW/`` and ``bones/`` below its address.

    ``previous`` and ``following`` are tokens of the neighbours in the list, null at its ends.
    """

    answers = serializers.DictField(child=serializers.IntegerField())
    clock = ClockSerializer()
    xrays = ItemXraySerializer(many=True)
    has_bones = serializers.BooleanField()
    previous = serializers.CharField(allow_null=True)
    following = serializers.CharField(allow_null=True)


class RatingCreateSerializer(serializers.Serializer):
    """``client_token``: made by the browser for this answer; the same again is the same answer.

    ``device_at``: what the clock of the device said, kept as evidence; the server's own decides.
    """

    question = serializers.SlugField(max_length=40)
    value = serializers.IntegerField()
    client_token = serializers.UUIDField()
    device_at = serializers.DateTimeField(required=False)


class PressSerializer(serializers.Serializer):
    """``client_token`` and ``device_at`` as of an answer."""

    kind = serializers.ChoiceField(TimeEventKind.choices)
    note = serializers.CharField(max_length=300, allow_blank=True, default="")
    client_token = serializers.UUIDField()
    device_at = serializers.DateTimeField(required=False)


class SavedSerializer(serializers.Serializer):
    """Where the item stands after an answer or a press."""

    completed = serializers.BooleanField()
    answers = serializers.DictField(child=serializers.IntegerField())
    clock = ClockSerializer()


class OfflineActSerializer(serializers.Serializer):
    """``rate`` has ``question`` and ``value``, ``press`` has ``press`` and ``note``, ``open`` has neither."""

    kind = serializers.ChoiceField(ActKind.choices)
    item = serializers.CharField(max_length=32)
    client_token = serializers.UUIDField()
    at = serializers.DateTimeField()
    question = serializers.SlugField(max_length=40, default="", allow_blank=True)
    value = serializers.IntegerField(default=0)
    press = serializers.ChoiceField(TimeEventKind.choices, default=TimeEventKind.PLACED)
    note = serializers.CharField(max_length=300, allow_blank=True, default="")


class ReplaySerializer(serializers.Serializer):
    """``sent_at``: the browser's clock now; ``acts`` in the order in which they happened."""

    sent_at = serializers.DateTimeField()
    acts = serializers.ListField(child=OfflineActSerializer(), min_length=1, max_length=2000)


class OutcomeErrorSerializer(serializers.Serializer):
    code = serializers.CharField()
    message = serializers.CharField()
    remedy = serializers.CharField()


class OutcomeSerializer(serializers.Serializer):
    client_token = serializers.UUIDField()
    saved = serializers.BooleanField()
    error = OutcomeErrorSerializer(allow_null=True)


class ReplayedSerializer(serializers.Serializer):
    outcomes = OutcomeSerializer(many=True)
