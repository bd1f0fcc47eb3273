# %% [markdown]
# # A catalog from Python
#
# From a sealed catalog to a query, counts, a balanced sample, pictures, a torch `DataLoader`,
# files, an export, and a version without a face. Run `populace run jobs/demo.yaml` first, then
# this file: whole, as `python docs/examples/catalog.py`, or cell by cell in an editor that knows
# `# %%` (VS Code, PyCharm, Jupyter with jupytext). It changes a copy of the catalog, never the
# catalog itself.

# %%
import shutil
from pathlib import Path
from tempfile import mkdtemp

from torch.utils.data import DataLoader

from pipeline.catalog import Catalog
from pipeline.catalog.balance import balance_of
from pipeline.catalog.exports.export import export
from pipeline.catalog.pull import pull
from pipeline.catalog.versions import revocations, revoke

source = Path("out/demo")
work = Path(mkdtemp(prefix="populace-example-"))
shutil.copytree(source, work / "demo")

# %% [markdown]
# ## Open and ask
#
# A catalog lies in a folder or in S3 (`s3://bucket/demo`). Views of its faces are lazy and chain;
# only the columns and row groups that are needed are read.

# %%
catalog = Catalog.open(str(work / "demo"))
print(f"{catalog.count():,} faces, version {catalog.version}, {catalog.document['name']}")

adults = catalog.where("age BETWEEN 18 AND 59")
print(f"{adults.count():,} of them are seen as 18 to 59")
table = adults.to_arrow(
    ["asset_id", "age", "gender_presentation", "skin_tone"], sort="-age", limit=3
)
for row in table.to_pylist():
    print(row)

# %% [markdown]
# ## Count by facets
#
# Any attributes at once, in their usual bins, in a preset (`fairface`) or in bins of your own.

# %%
for attribute, bins in adults.facets({"age": ["18-39", "40+"], "glasses": None}).items():
    print(attribute, bins)

# %% [markdown]
# ## A balanced sample
#
# Balanced over attributes that the job did not balance, too, and always the same faces.
# `draw_weight` makes up for cells that had too few faces.

# %%
sample = adults.sample(12, balance=["gender_presentation", "glasses"], seed=1, allow_short=True)
drawn = sample.to_arrow(["asset_id", "draw_cell", "draw_weight"])
for cell in drawn.group_by("draw_cell").aggregate([("asset_id", "count")]).to_pylist():
    print(cell)

# %% [markdown]
# ## Pictures
#
# Each is checked by its sha256 while it is read; threads read ahead.

# %%
for row, image in sample.images(["asset_id", "age"]):
    print(row["asset_id"], f"{row['age']:.1f}", image.shape, image.dtype)

# %% [markdown]
# ## A training loop
#
# A map-style dataset: any sampler, any number of workers. `transform=` takes each picture, uint8
# [3, H, W]; classes are numbers, whose names are in `dataset.classes`.

# %%
dataset = sample.torch(transform=lambda image: image.float() / 255, columns=["age", "glasses"])
for images, labels in DataLoader(dataset, batch_size=4, shuffle=True):
    print(tuple(images.shape), images.mean().item(), labels["age"].tolist())
print(dataset.classes["glasses"])

# %% [markdown]
# ## Files
#
# `pull` brings the pictures to a folder, with their rows in `manifest.parquet`; the same call again
# transfers nothing.

# %%
balance = balance_of(catalog, ["gender_presentation"])
pulled = pull(catalog, work / "faces", where="age >= 18", count=6, balance=balance)
again = pull(catalog, work / "faces", where="age >= 18", count=6, balance=balance)
print(f"{pulled.files} files, {pulled.bytes:,} bytes; a second time {again.files}")

# %% [markdown]
# ## An export
#
# For a game engine, a trainer or a curator: `unity`, `unreal`, `atlas`, `webdataset`,
# `imagefolder`, `croissant`, `fiftyone` or a plain `folder`.

# %%
written = export(catalog, work / "atlas", "atlas", where="age >= 18", count=6, size=64)
print(written.text())
print(sorted(path.name for path in written.to.iterdir() if not path.name.startswith(".")))

# %% [markdown]
# ## A version without a face
#
# Versions are immutable: the newest has the face no more, `@1` still does, and whoever pulls by
# `sync` loses the file.

# %%
name = str(sample.to_arrow(["asset_id"], limit=1)["asset_id"][0])
revoked = revoke(catalog.store, [name], "The likeness was questioned.")
newest, sealed = Catalog.open(str(work / "demo")), Catalog.open(f"{work / 'demo'}@1")
print(f"version {revoked.version} has {newest.count():,} faces, version 1 {sealed.count():,}")
print([(one.version, one.why, len(one.assets)) for one in revocations(newest)])

everything = pull(sealed, work / "all")
synced = pull(newest, work / "all", sync=True)
print(f"{everything.faces:,} faces pulled from version 1; {synced.removed} removed by the newest")

# %%
shutil.rmtree(work)
