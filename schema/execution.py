"""From a document's text to an answer: parsed and validated once per text, executed without ceremony.

Parsing and validating a small mutation costs more than signature, rules and commit together, so the
outcome is kept by the text. Queries run in a worker thread on one snapshot, mutations on the event loop.
Every error has a code (`interface.md` §7, rule 4); what nobody expected is logged and answered `INTERNAL`.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    Executor,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    Node,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    located_error,
    parse,
    validate,
)

from ledger.database import ERRORS, TEXT_ERRORS
from schema.context import Context
from schema.graph import SCHEMA
from schema.limits import Limits, RequestError
from schema.plan import Info, Plan, Unfit, planned
from schema.view import View

log = logging.getLogger("ketenboek.graphql")

DOCUMENTS_MAX = 1_000
LENGTH_MAX = 16_384
"""Of a text that is kept, characters: texts with values written into them would flush the others."""
ERRORS_MAX = 10
"""Errors told of one document or its variables."""

Variables = dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Answer:
    """A response. `executed`: it has `data`; `outcomes`: what became of each statement or submission.

    `unavailable`: the database did not answer, so nothing is wrong with the request.
    """

    members: dict[str, Any]
    executed: bool
    unauthenticated: bool = False
    unavailable: bool = False
    outcomes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that was parsed and validated: what is wrong with it, or its operations by name."""

    errors: list[GraphQLError]
    document: DocumentNode = field(default_factory=lambda: DocumentNode(definitions=()))
    operations: dict[str | None, OperationDefinitionNode] = field(default_factory=dict)
    about_schema: tuple[OperationDefinitionNode, ...] = ()
    """Operations that ask for nothing but the schema, which is public."""
    proofs: bool = False
    files: bool = False
    """Whether proofs of receipts are asked for, whether files with all that proves them."""
    plans: dict[str | None, Plan | None] = field(default_factory=dict)
    """The short roads of its mutations."""

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """The operation that is meant: the named one, or the only one."""
        if name is None:
            return next(iter(self.operations.values())) if len(self.operations) == 1 else None
        return self.operations.get(name)


class Documents:
    """Prepared documents by their limits and texts, the least recently used forgotten first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Limits, str], Prepared] = OrderedDict()

    def prepared(self, text: str, limits: Limits) -> Prepared:
        """The document of a text."""
        found = self._kept.get((limits, text))
        if found is not None:
            self._kept.move_to_end((limits, text))
            return found
        made = prepare(text, limits)
        if len(text) <= LENGTH_MAX:
            self._kept[limits, text] = made
            if len(self._kept) > DOCUMENTS_MAX:
                self._kept.popitem(last=False)
        return made


_documents = Documents()


def prepare(text: str, limits: Limits) -> Prepared:
    """Parse and validate a document."""
    try:
        document = parse(text, max_tokens=limits.tokens_max)
    except GraphQLError as error:
        return Prepared([error])
    errors = validate(SCHEMA, document, limits.rules(), max_errors=ERRORS_MAX)
    if errors:
        return Prepared(errors)
    operations = {
        node.name.value if node.name else None: node
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode)
    }
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    asked = {name for node in document.definitions for name in _fields(node)}
    return Prepared(
        [],
        document,
        operations,
        tuple([node for node in operations.values() if _is_about_schema(node, fragments)]),
        proofs=not asked.isdisjoint(("proof", "file")),
        files="file" in asked,
        plans={
            name: planned(node, fragments)
            for name, node in operations.items()
            if node.operation is OperationType.MUTATION
        },
    )


def _is_about_schema(operation: OperationDefinitionNode, fragments: dict[str, FragmentDefinitionNode]) -> bool:
    roots = _fields(operation, fragments, deep=False)
    return operation.operation is OperationType.QUERY and all(name.startswith("__") for name in roots)


def _fields(
    node: Node, fragments: dict[str, FragmentDefinitionNode] | None = None, *, deep: bool = True
) -> Iterator[str]:
    """Names of the fields that a node selects, those below them too if `deep`; fragments only if given."""
    selections: SelectionSetNode | None = getattr(node, "selection_set", None)
    for inner in selections.selections if selections is not None else ():
        if isinstance(inner, FieldNode):
            yield inner.name.value
        elif isinstance(inner, FragmentSpreadNode) and fragments is not None:
            yield from _fields(fragments[inner.name.value], fragments, deep=deep)
        if deep or not isinstance(inner, FieldNode):
            yield from _fields(inner, fragments, deep=deep)


async def execute(
    text: str, variables: Variables, operation_name: str | None, context: Context, *, mutations: bool = True
) -> Answer:
    """Answer one request; never raises. `mutations`: whether they are allowed on this way in."""
    prepared = _documents.prepared(text, context.limits)
    if prepared.errors:
        return _never_executed(prepared.errors)
    operation = prepared.operation(operation_name)
    if operation is None:
        return _never_executed([RequestError("BAD_REQUEST", "`operationName` names one operation of the document.")])
    context = replace(context, proofs=prepared.proofs, files=prepared.files, outcomes=[])
    if operation.operation is OperationType.MUTATION:
        if not mutations:
            return _never_executed([RequestError("BAD_REQUEST", "Mutations are sent by POST.")])
        name = operation.name.value if operation.name else None
        plan = prepared.plans[name]
        try:
            if plan is not None:
                return await _follow(plan, plan.arguments(variables or {}), context)
        except Unfit:
            pass  # graphql-core says what is wrong
        return await _mutate(prepared.document, variables, name, context)
    if context.reader is None and operation not in prepared.about_schema:
        unauthenticated = RequestError("UNAUTHENTICATED", "A bearer token of a registered key is needed to read.")
        return replace(_never_executed([unauthenticated]), unauthenticated=True)
    return await _query(prepared.document, variables, operation_name, context)


async def _follow(plan: Plan, arguments: dict[str, Any], context: Context) -> Answer:
    """What `_mutate` does, by a plan."""
    try:
        value = plan.give(await plan.resolve(None, Info(context), **arguments))
    except Exception as error:  # noqa: BLE001 - told as graphql-core tells it
        return _answer(ExecutionResult(None, [located_error(error, [plan.node], [plan.key])]), context)
    return _answer(ExecutionResult({plan.key: value}, None), context)


async def _mutate(document: DocumentNode, variables: Variables, name: str | None, context: Context) -> Answer:
    """On the event loop: between two steps a mutation only waits for the writer."""
    executor = Executor.build(SCHEMA, document, None, context, variables, name, max_coercion_errors=ERRORS_MAX)
    if isinstance(executor, list):
        return _never_executed(executor)
    result = executor.execute_operation()
    if isinstance(result, Awaitable):
        result = await result
    assert isinstance(result, ExecutionResult)  # nothing is deferred
    return _answer(result, context)


async def _query(document: DocumentNode, variables: Variables, name: str | None, context: Context) -> Answer:
    """In a worker thread; what it still reads after its time is over is cut off by its view."""
    try:
        async with asyncio.timeout(context.limits.request_seconds):
            return await asyncio.to_thread(_read, document, variables, name, context)
    except (TimeoutError, queue.Empty):
        return _never_executed([RequestError("TIMEOUT", "This took too long: ask for less, or later.")])
    except Exception as error:  # noqa: BLE001 - the database is gone, or a bug: logged, never shown
        answer = _never_executed([GraphQLError("", original_error=error)])
        return replace(answer, unavailable=isinstance(error, ERRORS) and not isinstance(error, TEXT_ERRORS))


def _read(document: DocumentNode, variables: Variables, name: str | None, context: Context) -> Answer:
    seconds = context.limits.request_seconds
    with context.gateway.readers.read(seconds) as store:
        view = View(store, context, deadline=time.monotonic() + seconds)
        executor = Executor.build(
            SCHEMA,
            document,
            None,
            view,
            variables,
            name,
            max_coercion_errors=ERRORS_MAX,
            is_awaitable=_never,  # type: ignore[arg-type]
        )
        if isinstance(executor, list):
            return _never_executed(executor)
        result = executor.execute_operation()
        assert isinstance(result, ExecutionResult)
        return _answer(result, context)


def _never(_: object) -> bool:
    """Whether something has to be waited for: nothing in a query."""
    return False


def _answer(result: ExecutionResult, context: Context) -> Answer:
    members: dict[str, Any] = {}
    if result.errors:
        members["errors"] = _told(result.errors)
    members["data"] = result.data
    return Answer(members, executed=True, outcomes=context.outcomes)


def _never_executed(errors: Iterable[GraphQLError]) -> Answer:
    return Answer({"errors": _told(errors)}, executed=False)


def _told(errors: Iterable[GraphQLError]) -> list[dict[str, Any]]:
    """Errors as they are sent, each with a code."""
    return [_told_one(error) for error in errors]


def _told_one(error: GraphQLError) -> dict[str, Any]:
    code = _code(error)
    told: dict[str, Any] = {**error.formatted}
    if isinstance(error.original_error, TEXT_ERRORS):
        told["message"] = "A text holds half a character or none at all (a lone surrogate, NUL)."
    told["extensions"] = {"code": code}
    if code == "INTERNAL":
        mark = secrets.token_hex(4)
        log.error("%s: %s", mark, error, exc_info=error.original_error or error)
        told["message"] = f"Something went wrong here; it was logged as {mark}."
        told["extensions"]["id"] = mark
    return told


def _code(error: GraphQLError) -> str:
    """Our own errors say their code; the library's are the client's mistakes, anything else is ours."""
    code = (error.extensions or {}).get("code")
    if code is not None:
        return str(code)
    cause = error.original_error
    if isinstance(cause, TEXT_ERRORS):
        return "BAD_REQUEST"
    if cause is not None and not isinstance(cause, GraphQLError):
        return "INTERNAL"
    if "Parsing aborted" in error.message or "nested too deeply" in error.message:
        return "TOKENS" if "tokens" in error.message else "DEPTH"
    # While executing, only values of arguments are mistakes of clients: results are ours.
    of_result = cause is not None and any(isinstance(node, FieldNode) for node in cause.nodes or ())
    return "INTERNAL" if of_result else "BAD_REQUEST"
