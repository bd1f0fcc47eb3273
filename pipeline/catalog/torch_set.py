"""Feed faces of a catalog to torch: a map-style dataset that reads images by range requests."""

import os
from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch.utils.data import Dataset

from pipeline.assets.encode import decode
from pipeline.attributes.taxonomy import ATTRIBUTES, BY_NAME
from pipeline.catalog.faces import Faces
from pipeline.catalog.fetch import COLUMNS, Asset, asset_of, fetch_group, group, in_order
from pipeline.storage import Store

_THREADS = 8

Transform = Callable[[torch.Tensor], Any]


class FaceSet(Dataset[tuple[Any, dict[str, Any]]]):
    """Images and labels of faces, by their number; made by `Faces.torch`.

    An item is an image, uint8 [3, H, W] sRGB (transparent ones over mid grey), or what the
    transform makes of it, and a dict of labels:

    - a number is as in the manifest; NaN, or -1 where it is whole, if it was not measured;
    - a class is its index in `classes[name]`; -1 if it was not measured;
    - a list is a float32 tensor, empty if it was not measured; other words stay words.

    Images are of the size that they were made in; the transform may resize them. It is pickled to
    the workers of a `DataLoader`, as the dataset is: the rows lie in memory, some 200 bytes each.
    A worker reads a batch's images by several threads, and checks each by its sha256.

    An item raises CatalogError for a file that is not the manifest's, StoreError for a store that
    cannot be read.

    classes: the names of each class attribute among the labels.
    """

    def __init__(
        self, store: Store, rows: pa.Table, columns: Sequence[str], transform: Transform | None
    ) -> None:
        """rows: with `columns` and those of the file (`fetch.COLUMNS`)."""
        self._store, self._process = store, os.getpid()
        self._files = rows.select(list(COLUMNS)).combine_chunks()
        self._labels = pa.table({name: _filled(rows, name) for name in columns})
        self._transform = transform
        self.classes = {
            name: BY_NAME[name].classes
            for name in columns
            if name in BY_NAME and BY_NAME[name].kind == "class"
        }

    def __len__(self) -> int:
        return int(self._files.num_rows)

    def __getitem__(self, index: int) -> tuple[Any, dict[str, Any]]:
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[tuple[Any, dict[str, Any]]]:
        """Several items at once, as a `DataLoader` asks for them; neighbours in a pack by one
        request.
        """
        numbers = [self._number(index) for index in indices]
        assets = [asset_of(row) for row in _rows(self._files, numbers)]
        groups = group(list(dict.fromkeys(assets)))
        store, files = self._own_store(), dict[Asset, bytes]()

        def read(some: list[Asset]) -> list[tuple[Asset, bytes]]:
            return fetch_group(store, some)

        for found in in_order(read, groups, _THREADS) if len(groups) > 1 else map(read, groups):
            files.update(found)
        labels = _rows(self._labels, numbers) if self._labels.num_columns else [{}] * len(numbers)
        return [
            (self._image(files[asset]), _tensors(row))
            for asset, row in zip(assets, labels, strict=True)
        ]

    def _image(self, data: bytes) -> Any:
        image = torch.from_numpy(decode(data)).permute(2, 0, 1).contiguous()
        return image if self._transform is None else self._transform(image)

    def _number(self, index: int) -> int:
        number = int(index)
        if not -len(self) <= number < len(self):
            raise IndexError(f"face {number} of {len(self)}")
        return number % len(self)

    def _own_store(self) -> Store:
        """The store, opened anew in a forked process: two must not share a connection."""
        if self._process != os.getpid():
            self._store, self._process = copy(self._store), os.getpid()
        return self._store


def face_set(
    faces: Faces, transform: Transform | None = None, columns: Sequence[str] | None = None
) -> FaceSet:
    """The dataset of these faces; arguments as in `Faces.torch`."""
    attributes = [attribute.name for attribute in ATTRIBUTES]
    wanted = attributes if columns is None else list(dict.fromkeys(columns))
    rows = faces.to_arrow(list(dict.fromkeys([*wanted, *COLUMNS])))
    if columns is None:
        wanted = [name for name in wanted if rows[name].null_count < rows.num_rows]
    return FaceSet(faces.catalog.store, rows, wanted, transform)


def _filled(rows: pa.Table, name: str) -> "pa.Array[Any]":
    """A column as labels: classes by their index, and nothing null but lists."""
    column = rows[name].combine_chunks()
    if name in BY_NAME and BY_NAME[name].kind == "class":
        column = pc.index_in(column, value_set=pa.array(BY_NAME[name].classes))
    if pa.types.is_list(column.type) or not column.null_count:
        return column
    nothing: str | float = "" if pa.types.is_string(column.type) else -1
    if pa.types.is_floating(column.type):
        nothing = float("nan")
    return column.fill_null(nothing)


def _rows(table: pa.Table, numbers: Sequence[int]) -> list[dict[str, Any]]:
    return table.take(pa.array(numbers, pa.int64())).to_pylist()


def _tensors(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its lists as tensors."""
    return {
        name: torch.tensor(value or [], dtype=torch.float32)
        if value is None or isinstance(value, list)
        else value
        for name, value in row.items()
    }
