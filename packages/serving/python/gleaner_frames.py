"""What was sent to an MLflow model, as a table to collect and as what the model takes.

Forms of `input_data`, whatever the model: pandas split (`columns`, `data`, and `index` or not), a list of rows, a list of
records, a mapping of columns or named tensors. Tables are read as the original's script reads them, so that the same rows
give the same answer in every form.
"""
import datetime
import json
import os
from io import StringIO

import numpy as np
import pandas as pd

_TEXT_FLAVORS = {"transformers", "langchain", "openai", "hftransformersv2"}


def reader_of(metadata, path):
    """The reader for a model, by its signature, its input example, or neither."""
    reader = _reader_of_rows(metadata, path)
    flavors = set(getattr(metadata, "flavors", None) or {})
    return _TextReader(reader) if flavors & _TEXT_FLAVORS else reader


def _reader_of_rows(metadata, path):
    schema = metadata.get_input_schema() if metadata is not None else None
    if schema is not None and schema.inputs:
        if schema.is_tensor_spec():
            return _TensorReader(schema.inputs)
        return _TableReader({spec.name: _pandas_type(spec.type) for spec in schema.inputs if spec.name is not None})
    example = _example_table(metadata, path)
    if example is not None:
        # The example's whole numbers may stand for any; its fractions say that whole numbers are meant as such.
        return _TableReader({name: np.float64 if kind.kind == "f" else None for name, kind in example.dtypes.items()})
    return _FreeReader()


class _TableReader:
    """For a model that takes a frame. `types` are those of its columns; None: any."""

    def __init__(self, types):
        self._types = types

    def read(self, data):
        if isinstance(data, str):
            return lambda: frame_of(data), [lambda: data]
        frame = _table(data, list(self._types))
        for name, kind in self._types.items():
            if kind is not None and name in frame.columns:
                frame[name] = _converted(frame[name], kind)
        return lambda: frame, [lambda: frame]


class _TensorReader:
    """For a model that takes one array, or several by name."""

    def __init__(self, specs):
        self._kinds = {spec.name: spec.type for spec in specs}

    def read(self, data):
        if list(self._kinds) == [None]:
            array = self._array(data)
            return lambda: frame_of(data if _has_names(data) else array), [lambda: array]
        arrays = {name: np.asarray(values, dtype=self._kinds.get(name)) for name, values in self._named(data).items()}
        return lambda: frame_of(arrays), [lambda: arrays]

    def _array(self, data):
        if _has_names(data):
            data = _table(data, []).to_numpy()
        return np.array(data, dtype=self._kinds[None])

    def _named(self, data):
        if isinstance(data, dict) and not _is_split(data):
            return data
        if len(self._kinds) == 1 and not _has_names(data):
            return {name: data for name in self._kinds}
        frame = _table(data, list(self._kinds))
        return {name: frame[name].tolist() for name in frame.columns}


class _FreeReader:
    """For a model that does not say what it takes. What the original gives it comes first, then a frame."""

    def read(self, data):
        if isinstance(data, str):
            return lambda: frame_of(data), [lambda: data]

        def table():
            return _table(data, [])

        if _is_split(data):
            return table, [table]
        if isinstance(data, dict):
            return lambda: frame_of(data), [lambda: {name: np.asarray(one) for name, one in data.items()}, table]
        return lambda: frame_of(data if _has_names(data) else np.asarray(data)), [lambda: np.asarray(data), table]


class _TextReader:
    """For a model of language: texts, and lists and mappings of them, reach it as they are."""

    def __init__(self, rows):
        self._rows = rows

    def read(self, data):
        if _is_split(data) or not _all_text(data):
            return self._rows.read(data)
        return lambda: frame_of(data), [lambda: data]


def frame_of(value):
    """A frame of anything, one row per item of a batch. Values of more than two dimensions are lists in one column."""
    if isinstance(value, pd.DataFrame):
        return value
    if _has_names(value) and (_is_split(value) or isinstance(value, list)):
        return _table(value, [])
    if isinstance(value, dict):
        columns = {name: _rows(values) for name, values in value.items()}
        if len({len(rows) for rows in columns.values()}) == 1:
            return pd.DataFrame(columns)
        return pd.DataFrame([{name: _plain(values) for name, values in value.items()}])
    if isinstance(value, (str, bytes)) or np.ndim(value) == 0:
        return pd.DataFrame([value])
    if np.ndim(value) > 2:
        return pd.DataFrame({0: _rows(value)})
    return pd.DataFrame(value)


def collectable(frame):
    """The same frame without what ends the thread that sends it: two columns of one name, and halves of characters."""
    frame = frame.copy(deep=False)
    if frame.columns.has_duplicates:
        seen = {}
        names = []
        for name in frame.columns:
            seen[name] = seen.get(name, -1) + 1
            names.append(f"{name}.{seen[name]}" if seen[name] else name)
        frame.columns = names
    for position, kind in enumerate(frame.dtypes):
        if kind == object:
            frame.isetitem(position, frame.iloc[:, position].map(_whole_characters))
    return frame


def jsonable(value):
    """As the original answers: arrays as lists, frames as records."""
    if isinstance(value, pd.Series):
        value = value.to_frame()
    if isinstance(value, pd.DataFrame):
        value = value.to_dict(orient="records")
    if hasattr(value, "toarray"):
        value = value.toarray()
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {key if isinstance(key, (int, float)) else str(key): jsonable(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [jsonable(one) for one in value]
    if isinstance(value, (datetime.date, datetime.time)) and value is not pd.NaT:
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return None if value is pd.NA or value is pd.NaT else value


def _table(data, names):
    """A frame of the rows in any form. `names` are those of the columns when the rows have none."""
    if _is_split(data):
        return _read_split(data)
    if isinstance(data, dict):
        columns = {name: values if isinstance(values, list) else [values] for name, values in data.items()}
        longest = max((len(values) for values in columns.values()), default=0)
        if any(len(values) != longest for values in columns.values()):
            raise ValueError("the columns of input_data have different lengths")
        return _read_split({"columns": list(columns), "data": [list(row) for row in zip(*columns.values())]})
    if isinstance(data, list) and _has_names(data):
        columns = list(dict.fromkeys(name for record in data for name in record))
        return _read_split({"columns": columns, "data": [[record.get(name) for name in columns] for record in data]})
    if not isinstance(data, list):
        data = [data]
    if data and not isinstance(data[0], list):
        data = [data] if len(names) == len(data) > 1 else [[one] for one in data]
    width = max((len(row) for row in data), default=len(names))
    return _read_split({"columns": names if len(names) == width else list(range(width)), "data": data})


def _read_split(split):
    wanted = {key: split[key] for key in ("columns", "index", "data") if split.get(key) is not None}
    try:
        return pd.read_json(StringIO(json.dumps(wanted)), orient="split", dtype=False)
    except ValueError:
        # Numbers that JSON has not, as NaN.
        return pd.DataFrame(**wanted)


def _is_split(data):
    return isinstance(data, dict) and isinstance(data.get("columns"), list) and isinstance(data.get("data"), list)


def _has_names(data):
    """Split, a mapping, or records."""
    if isinstance(data, dict):
        return True
    return isinstance(data, list) and len(data) > 0 and all(isinstance(one, dict) for one in data)


def _all_text(data):
    if isinstance(data, dict):
        return all(_all_text(one) for one in data.values())
    return all(_all_text(one) for one in data) if isinstance(data, list) else isinstance(data, str)


def _converted(column, kind):
    try:
        return column.astype(kind)
    except (TypeError, ValueError):
        # The model's own check says better what is wrong.
        return column


def _pandas_type(kind):
    """None for lists, objects and maps."""
    return kind.to_pandas() if hasattr(kind, "to_pandas") else None


def _example_table(metadata, path):
    info = getattr(metadata, "saved_input_example_info", None) or {}
    if info.get("type") != "dataframe":
        return None
    try:
        with open(os.path.join(path, info["artifact_path"]), encoding="utf-8") as file:
            example = json.load(file)
        return _table(example, [])
    except (OSError, ValueError, KeyError):
        return None


def _rows(values):
    values = _plain(values)
    return values if isinstance(values, list) else [values]


def _plain(values):
    return values.tolist() if hasattr(values, "tolist") else values


def _whole_characters(value):
    if not isinstance(value, str):
        return value
    try:
        value.encode("utf-8")
        return value
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace").decode("utf-8")
