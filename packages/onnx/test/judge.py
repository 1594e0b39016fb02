"""An independent judge of exported files:  python judge.py FOLDER

For each FOLDER/name.onnx: onnx's full checker, and strict shape inference with data propagation from nothing but the inputs, whose result must
not contradict the types that the file states for inner values. Where FOLDER/name.json holds {input: {type, shape, data}}, the reference
evaluator runs the file. Prints {name: {error, outputs}} as JSON. Needs the package onnx.
"""
import json
import pathlib
import sys

import numpy
import onnx
from onnx import checker, shape_inference
from onnx.reference import ReferenceEvaluator


def types(graph):
    return {v.name: v.type.tensor_type for v in [*graph.value_info, *graph.output]}


def contradictions(model):
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    del bare.graph.value_info[:]
    inferred = types(shape_inference.infer_shapes(bare, check_type=True, strict_mode=True, data_prop=True).graph)
    for name, stated in types(model.graph).items():
        found = inferred.get(name)
        if found is None:
            yield f"{name}: not inferred"
            continue
        a, b = stated.shape.dim, found.shape.dim
        known = [(x.dim_value, y.dim_value) for x, y in zip(a, b) if x.HasField("dim_value") and y.HasField("dim_value")]
        if stated.elem_type != found.elem_type or len(a) != len(b) or any(x != y for x, y in known):
            yield f"{name}: stated {stated}, inferred {found}"


def judge(path):
    model = onnx.load(path)
    checker.check_model(model, full_check=True)
    found = list(contradictions(model))
    if found:
        return {"error": "; ".join(found)}
    feeds = path.with_suffix(".json")
    if not feeds.exists():
        return {"error": ""}
    inputs = {k: numpy.array(v["data"], dtype=v["type"]).reshape(v["shape"]) for k, v in json.loads(feeds.read_text()).items()}
    outputs = ReferenceEvaluator(model).run(None, inputs)
    return {"error": "", "outputs": {o.name: v.ravel().tolist() for o, v in zip(model.graph.output, outputs)}}


verdicts = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx")):
    try:
        verdicts[path.stem] = judge(path)
    except Exception as error:  # the verdict is the error
        verdicts[path.stem] = {"error": f"{type(error).__name__}: {error}"}
print(json.dumps(verdicts))
