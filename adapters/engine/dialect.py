"""Ibis on Spark with the meanings DuckDB gives: nothing goes through pandas, NaN is no null."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import sqlglot.expressions as sge
from ibis import util
from ibis.backends import pyspark
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from ibis.expr import operations as ops

from governance.finding import CouldNotJudge

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import ibis
    import pyarrow as pa

_OTHERWISE: Final = re.compile(r"\[\[|\[[^\]]*\[|&&|\\[pP]|\\[CQ]|\(\?P|[*+?}]\+|\\[bBsShHvVRX]")
"""What means something else to Java than to RE2, or exists in one of them only."""
_ROWS: Final = (1 << 33) - 1
"""The bits in which Spark counts the rows of a partition."""


class _Compiler(PySparkCompiler):  # type: ignore[misc]
    def visit_IsNull(self, op: Any, *, arg: Any) -> Any:  # noqa: ARG002, N802 - Ibis's names
        return arg.is_(sge.Null())

    def visit_NotNull(self, op: Any, *, arg: Any) -> Any:  # noqa: ARG002, N802
        return sge.Not(this=arg.is_(sge.Null()))

    def visit_IsNan(self, op: Any, *, arg: Any) -> Any:  # noqa: ARG002, N802
        return sge.EQ(this=arg, expression=self.NAN)  # null of null

    def visit_IsInf(self, op: Any, *, arg: Any) -> Any:  # noqa: ARG002, N802 - Ibis 12: never
        return sge.In(this=arg, expressions=[self.POS_INF, self.NEG_INF])

    def visit_WindowFunction(  # noqa: N802
        self, op: Any, *, func: Any, group_by: Any, order_by: Any, **rest: Any
    ) -> Any:
        """Rows without a stated order are numbered as they stand in their file, from 1.

        A window would shuffle them. A file is a partition, whose rows Spark numbers from 0 in
        the low bits.
        """
        if isinstance(op.func, ops.RowNumber) and not group_by and not order_by:
            number = self.f.anon.monotonically_increasing_id()
            low = sge.Paren(this=sge.BitwiseAnd(this=number, expression=sge.convert(_ROWS)))
            return sge.Paren(this=sge.Add(this=low, expression=sge.convert(1)))
        return super().visit_WindowFunction(
            op, func=func, group_by=group_by, order_by=order_by, **rest
        )

    def visit_RegexSearch(self, op: Any, *, arg: Any, pattern: Any) -> Any:  # noqa: ARG002, N802
        """A search under RE2's rules: only a newline ends a line, case is folded in all scripts.

        Raises:
            CouldNotJudge: Java would read the pattern otherwise.
        """
        if _OTHERWISE.search(pattern.this):
            msg = (
                "a pattern of the contract means something else to Spark than to DuckDB\n"
                "  fix: spell out classes such as [0-9A-Za-z_], or use `engine: duckdb`"
            )
            raise CouldNotJudge(msg)
        return arg.rlike(sge.Literal.string(f"(?du){pattern.this}"))


class Backend(pyspark.Backend):  # type: ignore[misc]
    """A Spark session whose results come as Arrow tables."""

    compiler = _Compiler()
    folder: Path
    copies: dict[Any, Path]

    def frame(self, expression: Any) -> Any:
        """Spark's own data frame of an expression."""
        self._run_pre_execute_hooks(expression)
        return self._session.sql(self.compile(expression.as_table()))

    def files(self, uris: Sequence[str]) -> ibis.Table:
        """Parquet files as a table."""
        name = util.gen_name("files")
        self._session.read.parquet(*uris).createOrReplaceTempView(name)
        return self.table(name)

    def to_pyarrow(self, expr: Any, /, **_: Any) -> pa.Table:
        """The result of an expression; through pandas, large whole numbers would be rounded."""
        found = self.frame(expr).toArrow()
        return expr.__pyarrow_result__(found.cast(expr.as_table().schema().to_pyarrow()))

    def _register_in_memory_table(self, op: Any) -> None:
        frame = self._session.createDataFrame(op.data.to_pyarrow(op.schema))
        frame.createOrReplaceTempView(op.name)


Backend.register_options()
