# Checks ONNX files and runs them in ONNX Runtime.
#   python onnxruntime_side.py JOBS.json
# JOBS is a list of {"model": file, "inputs": {name: {"file", "shape", "type"}}, "answer": file}. Answers are
# {"outputs": {name: values}, "unknown": [values whose shape is not inferred]}, or {"problem": text}.

import json
import sys

import numpy as np
import onnx
import onnxruntime


def answer(job):
    onnx.checker.check_model(job["model"], full_check=True)
    model = onnx.shape_inference.infer_shapes(onnx.load(job["model"]), check_type=True, strict_mode=True, data_prop=True)
    inferred = {v.name: v for v in model.graph.value_info}
    unknown = [o for n in model.graph.node for o in n.output
               if o not in inferred and o not in {v.name for v in model.graph.output}]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(job["model"], options, providers=["CPUExecutionProvider"])
    inputs = {name: np.fromfile(x["file"], dtype=x["type"]).reshape(x["shape"]) for name, x in job["inputs"].items()}
    names = [o.name for o in session.get_outputs()]
    outputs = session.run(names, inputs)
    return {
        "outputs": {n: o.ravel().tolist() for n, o in zip(names, outputs)},
        "unknown": unknown,
    }


for job in json.load(open(sys.argv[1])):
    try:
        result = answer(job)
    except Exception as problem:
        result = {"problem": f"{type(problem).__name__}: {problem}"}
    json.dump(result, open(job["answer"], "w"))
