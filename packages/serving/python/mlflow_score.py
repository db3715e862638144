"""Scores any MLflow model and collects what went in and what came out: the script of a deployment without code.

The model is the folder MLFLOW_MODEL_FOLDER, absolute or below AZUREML_MODEL_DIR. A request has `input_data` and may have
`params`; gleaner_frames.py says which forms of input are taken. Without the monitoring package, or with collection off,
the answers are the same.
"""
import inspect
import logging
import os

from inference_schema.parameter_types.abstract_parameter_type import AbstractParameterType
from inference_schema.schema_decorators import input_schema, output_schema
from mlflow.pyfunc import load_model

import gleaner_frames as frames

try:
    from azureml.ai.monitoring import Collector
except ImportError:
    Collector = None

_logger = logging.getLogger("azmlinfsrv.mlflow_score")


class _AnyValue(AbstractParameterType):
    """Takes what was sent as it is: the shape of it is decided by the signature of the model, in gleaner_frames."""

    def __init__(self):
        super().__init__(None)

    def deserialize_input(self, input_data):
        return input_data

    def input_to_swagger(self):
        return {"type": "object", "example": {}}


def init():
    global model, reader, takes_params, inputs_collector, outputs_collector
    root, folder = os.getenv("AZUREML_MODEL_DIR", ""), os.getenv("MLFLOW_MODEL_FOLDER", "")
    path = os.path.join(root, folder)
    model = load_model(path)
    reader = frames.reader_of(model.metadata, path)
    takes_params = "params" in inspect.signature(model.predict).parameters
    inputs_collector = _collector("model_inputs")
    outputs_collector = _collector("model_outputs")


@input_schema("input_data", _AnyValue())
@output_schema(_AnyValue())
def run(input_data, params=None):
    table, candidates = reader.read(input_data)
    # Before the model may change it. The package serializes later, and in another thread.
    context = _collect(inputs_collector, lambda: table().copy())
    result = _first_answer(candidates, params)
    _collect(outputs_collector, lambda: frames.frame_of(result), context)
    return frames.jsonable(result)


def _first_answer(candidates, params):
    """Only a model without signature has several: what it takes is known when it has taken it."""
    *others, last = candidates
    for candidate in others:
        try:
            return _predict(candidate(), params)
        except Exception as error:
            _logger.info("the model does not take this form, trying the next: %s", error)
    return _predict(last(), params)


def _predict(model_input, params):
    return model.predict(model_input, params=params) if takes_params else model.predict(model_input)


def _collector(name):
    if Collector is None:
        _logger.warning("%s is not collected: the package azureml-ai-monitoring is not installed", name)
        return None
    try:
        return Collector(name=name, on_error=lambda error: _logger.info("%s is not collected: %s", name, error))
    except Exception as error:
        _logger.error("Error initializing %s collector. %s", name, error)
        return None


def _collect(collector, make_frame, context=None):
    """Collecting never fails a request."""
    if collector is None:
        return context
    try:
        return collector.collect(frames.collectable(make_frame()), context)
    except Exception as error:
        _logger.error("Error collecting data. %s", error)
        return context
