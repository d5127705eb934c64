"""Runs every benchmark, one after the other; or those named: python -m benchmarks register store."""

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    names = sys.argv[1:] or [
        path.stem.removeprefix("bench_") for path in sorted(Path(__file__).parent.glob("bench_*.py"))
    ]
    for name in names:
        print(f"\n## {name}", flush=True)
        sys.argv = [name]
        runpy.run_module(f"benchmarks.bench_{name}", run_name="__main__")
