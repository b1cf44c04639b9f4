"""Everything that needs no simulator: chipspec, analog arrays, algorithms, golden controller, cycle model."""

from crosschop.model.cache import use_compiled_code_cache

use_compiled_code_cache()
