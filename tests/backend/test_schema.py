"""The OpenAPI schema: the committed file is what the code makes, and all of it has permission rows."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.conf import settings
from django.urls import resolve
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.validation import validate_schema

from tests.backend.studies.permission_rows import ROWS
from tests.backend.test_permissions import MATRIX

METHODS = {"get", "post", "put", "patch", "delete"}
AGAIN = "python manage.py spectacular --format openapi-json --file frontend/openapi.json"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    generated = SchemaGenerator().get_schema(request=None, public=True)
    return dict(json.loads(OpenApiJsonRenderer().render(generated, renderer_context={})))


def test_the_committed_schema_is_the_one_that_the_code_makes(schema: dict[str, Any]) -> None:
    committed = json.loads((settings.ROOT / "frontend" / "openapi.json").read_text())
    assert committed == schema, f"frontend/openapi.json is stale; run: {AGAIN}"


def test_it_is_valid_openapi(schema: dict[str, Any]) -> None:
    validate_schema(schema)


def test_every_operation_has_a_row_in_the_permission_matrix(schema: dict[str, Any]) -> None:
    rows = {(name, method) for name, method, *_ in (*MATRIX, *ROWS)}
    operations = {
        (resolve(_example(path)).url_name, method)
        for path, item in schema["paths"].items()
        for method in METHODS & set(item)
    }
    assert operations - rows == set()
    assert len(operations) > 30


def _example(path: str) -> str:
    """An address of this shape; the generator names its parts after the URL's converters."""
    return re.sub(
        r"\{(\w+)\}", lambda m: "tibia" if m[1] == "bone" else "00000000-0000-0000-0000-000000000000", path
    )


def test_every_operation_documents_the_one_error_shape(schema: dict[str, Any]) -> None:
    for path, item in schema["paths"].items():
        for method in METHODS & set(item):
            body = item[method]["responses"]["default"]["content"]["application/json"]["schema"]
            assert body == {"$ref": "#/components/schemas/Error"}, (path, method)
