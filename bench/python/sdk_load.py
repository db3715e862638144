"""Collects `count` data frames with the original SDK, `interval` seconds apart, and waits until its sender has sent them all.

    sdk_load.py <count> <interval>   prints {"seconds": ..., "errors": ...}
"""

import json
import sys
import time

import pandas as pd
from azureml.ai.monitoring import Collector
from azureml.ai.monitoring.context import BasicCorrelationContext
from azureml.ai.monitoring.init import teardown

count, interval = int(sys.argv[1]), float(sys.argv[2])
errors = []
collector = Collector(name="model_inputs", on_error=errors.append)
frame = pd.DataFrame({"sepal_length": [5.1, 4.9], "sepal_width": [3.5, 3.0], "species": ["setosa", "setosa"]})
start = time.perf_counter()
for i in range(count):
    collector.collect(frame, BasicCorrelationContext(f"r{i}"))
    pause = start + (i + 1) * interval - time.perf_counter()
    if interval > 0 and pause > 0:
        time.sleep(pause)
teardown(wait_for_flush=True)
print(json.dumps({"seconds": time.perf_counter() - start, "errors": len(errors)}))
