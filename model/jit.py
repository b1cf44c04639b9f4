"""How functions are compiled, for all but the golden model, which stands alone and has it from where this does."""

from __future__ import annotations

from numba import njit

from crosschop.model.golden.compiled import OPTIONS, Decorator, apart, compiled, inlined

__all__ = ["OPTIONS", "apart", "compiled", "inlined", "searching"]

# For the largest of many numbers, of which none is NaN: it does not depend on the order that the compiler chooses. Sums
# do, so nothing else may be reordered: results are to be the same on every machine.
searching: Decorator = njit(cache=True, **OPTIONS, fastmath={"nnan", "nsz"})
