"""Cases that have bones are planned on the newest of them, as they were; who asked for each set is in the audit."""

from django.db import migrations


def fill(apps, schema_editor):
    Case = apps.get_model("cases", "Case")
    BoneSet = apps.get_model("imaging", "BoneSet")
    Event = apps.get_model("audit", "Event")
    for bone_set in BoneSet.objects.order_by("number"):
        Case.objects.filter(pk=bone_set.case_id).update(current_bone_set=bone_set.pk)
    for event in Event.objects.filter(action="bones.reconstructed", person__isnull=False):
        made = BoneSet.objects.filter(pk=event.data.get("bone_set"), author__isnull=True)
        made.update(author=event.person_id)


class Migration(migrations.Migration):
    dependencies = [
        ("imaging", "0002_several_bone_sets"),
        ("cases", "0002_several_bone_sets"),
        ("audit", "0001_initial"),
    ]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
