"""Draws the polygons of a COCO or LabelMe export as pictures of labels: polygons.py FOLDER OUT. Needs Pillow.

OUT/images holds the pictures, OUT/labels a PNG of class values for each, 0 where no polygon is, and OUT/_classes.csv
the names; `pspc init OUT` reads all three.
"""

import json
import shutil
import sys
from pathlib import Path

from PIL import Image, ImageDraw


def coco(path, data):
    """Every image of a COCO file with its polygons; the largest first, so that a small thing lies on a large one."""
    names = {c["id"]: c["name"] for c in data["categories"]}
    shapes = {}
    for one in sorted(data["annotations"], key=lambda a: -a.get("area", 0)):
        parts = one.get("segmentation") or []
        if isinstance(parts, dict):
            sys.exit(f"{path}: annotation {one['id']} is a mask (RLE): export polygons, or masks as PNG")
        polygons = [list(zip(part[::2], part[1::2])) for part in parts]
        shapes.setdefault(one["image_id"], []).extend((names[one["category_id"]], p) for p in polygons)
    for image in data["images"]:
        yield image["file_name"], path.parent, shapes.get(image["id"], [])


def labelme(path, data):
    """The image of a LabelMe file; a rectangle is two corners, a circle a centre and a point on it."""
    shapes = []
    for shape in data["shapes"]:
        kind, points = shape.get("shape_type", "polygon"), [tuple(p) for p in shape["points"]]
        if kind == "rectangle":
            (x, y), (u, v) = points
            points = [(x, y), (u, y), (u, v), (x, v)]
        elif kind != "polygon":
            print(f"{path}: a {kind} is left out", file=sys.stderr)
            continue
        shapes.append((shape["label"], points))
    yield data["imagePath"].replace("\\", "/"), path.parent, shapes


def found(root, below, name):
    """Beside the file, or wherever below the folder a file is called so."""
    beside = below / name
    if beside.exists():
        return beside
    called = sorted(root.rglob(Path(name).name))
    return called[0] if called else sys.exit(f"there is no picture {name} in {root}")


def main(root, out):
    pictures = []
    for path in sorted(root.rglob("*.json")):
        data = json.loads(path.read_text("utf8"))
        if isinstance(data, dict) and "shapes" in data and "imagePath" in data:
            pictures += labelme(path, data)
        elif isinstance(data, dict) and {"images", "annotations", "categories"} <= data.keys():
            pictures += coco(path, data)
    if not pictures:
        sys.exit(f"{root} holds no JSON of COCO or LabelMe")
    classes = sorted({name for _, _, shapes in pictures for name, _ in shapes})
    if len(classes) > 254:
        sys.exit(f"{len(classes)} classes: a PNG of bytes holds 254 and a background")
    values = {name: value for value, name in enumerate(classes, 1)}
    background = "background" if "background" not in values else "no class"
    for folder in ("images", "labels"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for number, (name, below, shapes) in enumerate(pictures):
        source = found(root, below, name)
        # Two folders may hold files of one name.
        stem = source.stem if sum(Path(n).stem == source.stem for n, _, _ in pictures) == 1 else f"{number}_{source.stem}"
        with Image.open(source) as picture:
            mask = Image.new("L", picture.size, 0)
        draw = ImageDraw.Draw(mask)
        for label, points in shapes:
            if len(points) > 2:
                draw.polygon(points, fill=values[label])
        mask.save(out / "labels" / f"{stem}.png")
        shutil.copyfile(source, out / "images" / f"{stem}{source.suffix}")
    rows = [f"0, {background}", *(f"{value}, {name}" for name, value in values.items())]
    (out / "_classes.csv").write_text("\n".join(["Pixel Value, Class", *rows, ""]), "utf8")
    print(f"{len(pictures)} pictures, {len(classes)} classes: pspc init {out}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("polygons.py FOLDER OUT")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
