"""Limits on documents and pages, and the errors that say which one was met.

Those on documents are validation rules, so that a document that is cached has paid for them once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
    specified_rules,
)
from graphql.validation import ASTValidationRule
from strawberry import UNSET

T = TypeVar("T")

PAGE = 25
PAGE_MAX = 100
CODES_MAX = 1_000
ALIASES_MAX = 100


class RequestError(GraphQLError):
    """What is answered as a GraphQL error with a code (`interface.md` §7, rule 4)."""

    def __init__(self, code: str, message: str, **more: Any) -> None:
        super().__init__(message, extensions={"code": code}, **more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request may ask; `depth_max` is inclusive, times in seconds."""

    depth_max: int = 15
    tokens_max: int = 2_000
    request_seconds: float = 10
    introspection: bool = True

    def rules(self) -> list[type[ASTValidationRule]]:
        """The rules that a document is validated by."""
        own: list[type[ASTValidationRule]] = [depth_rule(self.depth_max), AliasRule]
        return [*specified_rules, *own, *([] if self.introspection else [NoSchemaIntrospectionCustomRule])]


def given(value: T | None) -> T | None:
    """An argument, None where it was left out; Strawberry's mark for that stays out of the ledger's ways."""
    return None if value is UNSET else value


def page_size(first: int | None, default: int = PAGE, most: int = PAGE_MAX) -> int:
    """How many are asked for. Raises PAGE_TOO_LARGE, BAD_REQUEST for fewer than one."""
    first = given(first)
    if first is None:
        return default
    if first > most:
        raise RequestError("PAGE_TOO_LARGE", f"`first` is at most {most}: follow `pageInfo.endCursor`.")
    if first < 1:
        raise RequestError("BAD_REQUEST", "`first` is at least 1.")
    return first


def depth_rule(most: int) -> type[ValidationRule]:
    """DEPTH for an operation whose fields are nested deeper than this, fragments followed."""

    class DepthRule(ValidationRule):
        """Depth counts fields: that of `{a{b}}` is 2."""

        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            fragments = {
                node.name.value: node
                for node in context.document.definitions
                if isinstance(node, FragmentDefinitionNode)
            }
            self._depths = _Depths(fragments)

        def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
            """Each operation by itself."""
            try:
                depth = self._depths.of(node.selection_set)
            except RecursionError:
                depth = most + 1
            if depth > most:
                message = f"The document is more than {most} fields deep."
                self.report_error(RequestError("DEPTH", message, nodes=node))

    return DepthRule


class _Depths:
    """Depths of selection sets; each fragment is measured once, one that holds itself counts as flat."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._known: dict[str, int] = {}

    def of(self, selections: SelectionSetNode | None) -> int:
        """How many fields deep."""
        deepest = 0
        for node in selections.selections if selections is not None else ():
            if isinstance(node, FragmentSpreadNode):
                depth = self._fragment(node.name.value)
            else:
                inner = getattr(node, "selection_set", None)
                depth = self.of(inner) + isinstance(node, FieldNode)
            deepest = max(deepest, depth)
        return deepest

    def _fragment(self, name: str) -> int:
        if name not in self._known:
            self._known[name] = 0  # met again below itself: NoFragmentCycles refuses the document
            fragment = self._fragments.get(name)
            self._known[name] = 0 if fragment is None else self.of(fragment.selection_set)
        return self._known[name]


class AliasRule(ValidationRule):
    """TOO_MANY for a document with very many aliases: each may ask for the dearest field once more."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._aliases = 0

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        """Count what is renamed."""
        if node.alias is None:
            return
        self._aliases += 1
        if self._aliases == ALIASES_MAX + 1:
            self.report_error(RequestError("TOO_MANY", f"At most {ALIASES_MAX} aliases in a document.", nodes=node))
